//! A token comes in verified and goes out granted, on warp.

use lunadefend::{LunaDefend, Tokens, VerifiedToken};
use lunadefend_warp::{Error, Granted, Granter, Luna, Session, Verified};
use minimal::Users; // your database
use warp::{Filter, Reply, get, path, post};

#[derive(Tokens)]
struct Profile {
    #[token(ttl = "15m")]
    ssn: Option<VerifiedToken>,
}

async fn set_ssn(
    users: Users,
    Session(session): Session,
    Verified(form): Verified<Profile>,
) -> Result<impl Reply, Error> {
    users.by_session(&session)?.set_ssn(form.ssn); // verified, or this line is not reached
    Ok("stored")
}

async fn get_ssn(
    users: Users,
    Session(session): Session,
    grants: Granter,
) -> Result<Granted<Profile>, Error> {
    let ssn = users.by_session(&session)?.ssn();
    grants.grant(Profile { ssn }).await // a `Profile` itself is not a response
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (users, cookies) = (Users::with_one_session(), warp::header::optional("cookie"));
    let (luna, sessions) = (LunaDefend::from_env().await?, users.clone());
    let session = move |cookies: Option<String>| sessions.session(&cookies?);
    let luna = Luna::with_session(luna, cookies, session);
    let ssn = path!("ssn").map(move || users.clone());
    let set = luna.handle(post().and(ssn.clone()), set_ssn);
    let app = luna
        .handle(get().and(ssn), get_ssn)
        .or(set)
        .or(luna.routes());
    warp::serve(app).run(([127, 0, 0, 1], 3000)).await;
    Ok(())
}
