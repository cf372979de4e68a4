use actix_web::{App, test, web};
use lunadefend::{Backend, ErrorKind, GrantDuration, SessionId, VerifiedToken};
use lunadefend_actix::{Error, Granted, Granter, Luna, Verified};
use lunadefend_testing::{TestBackend, assert_error, session, token};

/// Your application. `main` hands the first a `LunaDefend`, a test a `TestBackend`.
fn luna(backend: impl Into<Backend>) -> Luna {
    Luna::with_session(backend, |request| {
        let id = request.headers().get("x-session")?; // your session cookie
        SessionId::new(id.to_str().ok()?).ok()
    })
}

fn app(luna: Luna) -> impl FnOnce(&mut web::ServiceConfig) {
    move |config| {
        let ssn = web::resource("/ssn").post(set_ssn).get(get_ssn);
        config.configure(luna.routes()).service(ssn);
    }
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
    let app = test::init_service(App::new().configure(app(luna(&backend)))).await;
    let page = backend.grant(&session("ann"), &token(1)); // what Ann's browser has
    let post = || test::TestRequest::post().uri("/ssn").set_json(&page);
    let post = || post().insert_header(("x-session", "ann")).to_request();
    assert_eq!(test::call_and_read_body(&app, post()).await, "stored");
    backend.clock().advance(GrantDuration::DEFAULT.get());
    let response = test::call_service(&app, post()).await;
    let (status, body) = (response.status(), test::read_body(response).await);
    assert_error(status, body, ErrorKind::InvalidGrant);
}

#[tokio::test]
async fn what_is_sent_is_granted() {
    let backend = TestBackend::new();
    let app = test::init_service(App::new().configure(app(luna(&backend)))).await;
    let get = test::TestRequest::with_uri("/ssn").insert_header(("x-session", "ann"));
    let response = test::call_service(&app, get.to_request()).await;
    assert_eq!(response.status(), 200);
    backend.assert_granted(&session("ann"), &token(7));
}
