//! A token comes in verified and goes out granted, on actix-web.

use actix_web::{App, HttpServer, web};
use lunadefend::{LunaDefend, Tokens, VerifiedToken};
use lunadefend_actix::{Error, Granted, Granter, Luna, Session, Verified};
use minimal::Users; // your database

#[derive(Tokens)]
struct Profile {
    #[token(ttl = "15m")]
    ssn: Option<VerifiedToken>,
}

async fn set_ssn(
    users: web::Data<Users>,
    Session(session): Session,
    Verified(form): Verified<Profile>,
) -> Result<&'static str, Error> {
    users.by_session(&session)?.set_ssn(form.ssn); // verified, or this line is not reached
    Ok("stored")
}

async fn get_ssn(
    users: web::Data<Users>,
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
    let luna = Luna::with_session(LunaDefend::from_env().await?, move |request| {
        sessions.session(request.headers().get("cookie")?.to_str().ok()?)
    });
    let app = move || {
        let app = App::new().app_data(web::Data::new(users.clone()));
        let ssn = web::resource("/ssn").get(get_ssn).post(set_ssn);
        app.configure(luna.routes()).service(ssn)
    };
    Ok(HttpServer::new(app).bind("localhost:3000")?.run().await?)
}
