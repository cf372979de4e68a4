//! A token comes in verified and goes out granted, on axum.

use axum::{Extension, Router, routing::get};
use lunadefend::{LunaDefend, Tokens, VerifiedToken};
use lunadefend_axum::{Error, Granted, Granter, Luna, Session, Verified};
use minimal::Users; // your database

#[derive(Tokens)]
struct Profile {
    #[token(ttl = "15m")]
    ssn: Option<VerifiedToken>,
}

async fn set_ssn(
    Extension(users): Extension<Users>,
    Session(session): Session,
    Verified(form): Verified<Profile>,
) -> Result<(), Error> {
    users.by_session(&session)?.set_ssn(form.ssn); // verified, or this line is not reached
    Ok(())
}

async fn get_ssn(
    Extension(users): Extension<Users>,
    Session(session): Session,
    grants: Granter,
) -> Result<Granted<Profile>, Error> {
    let ssn = users.by_session(&session)?.ssn();
    grants.grant(Profile { ssn }).await // a `Profile` itself is not a response
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let users = Users::with_one_session();
    let sessions = users.clone();
    let luna = Luna::with_session(LunaDefend::from_env().await?, move |parts| {
        sessions.session(parts.headers.get("cookie")?.to_str().ok()?)
    });
    let app = Router::new().route("/ssn", get(get_ssn).post(set_ssn));
    let app = app
        .merge(luna.routes())
        .layer(Extension(users))
        .with_state(luna);
    let listener = tokio::net::TcpListener::bind("localhost:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
