use lunadefend::{Backend, ErrorKind, GrantDuration, SessionId, VerifiedToken};
use lunadefend_testing::{TestBackend, assert_error, session, token};
use lunadefend_warp::{Error, Granted, Granter, Luna, Verified};
use warp::{Filter, filters::BoxedFilter, reply::Response};

/// Your application. `main` hands it a `LunaDefend`, a test a `TestBackend`.
fn app(backend: impl Into<Backend>) -> BoxedFilter<(Response,)> {
    let id = warp::header::optional("x-session"); // your session cookie
    let luna = Luna::with_session(backend, id, |id: Option<String>| SessionId::new(id?).ok());
    let set_ssn = luna.handle(warp::path!("ssn").and(warp::post()), set_ssn);
    let get_ssn = luna.handle(warp::path!("ssn").and(warp::get()), get_ssn);
    set_ssn.or(get_ssn).unify().boxed()
}

async fn set_ssn(Verified(_): Verified<VerifiedToken>) -> &'static str {
    "stored"
}

async fn get_ssn(grants: Granter) -> Result<Granted<VerifiedToken>, Error> {
    grants.grant(token(7)).await // from your database
}

#[tokio::test]
async fn a_token_counts_for_fifteen_minutes() {
    let backend = TestBackend::new();
    let app = app(&backend);
    let page = backend.grant(&session("ann"), &token(1)); // what Ann's browser has
    let post = || warp::test::request().method("POST").path("/ssn");
    let post = || post().json(&page).header("x-session", "ann");
    assert_eq!(post().reply(&app).await.body(), "stored");
    backend.clock().advance(GrantDuration::DEFAULT.get());
    let response = post().reply(&app).await;
    assert_error(response.status(), response.body(), ErrorKind::InvalidGrant);
}

#[tokio::test]
async fn what_is_sent_is_granted() {
    let backend = TestBackend::new();
    let get = warp::test::request().path("/ssn");
    let get = get.header("x-session", "ann");
    assert_eq!(get.reply(&app(&backend)).await.status(), 200);
    backend.assert_granted(&session("ann"), &token(7));
}
