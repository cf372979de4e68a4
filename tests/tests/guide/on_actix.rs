use actix_web::{App, test, web};
use lunadefend::{ErrorKind, GrantDuration, SessionId, VerifiedToken};
use lunadefend_actix::{Error, Granted, Granter, Luna, Verified};
use lunadefend_testing::{TestBackend, assert_error, session, token};

/// Your application. `main` makes the `Luna` of a `LunaDefend`, a test of a `TestBackend`.
fn app(luna: Luna) -> impl FnOnce(&mut web::ServiceConfig) {
    move |config| {
        let ssn = web::resource("/ssn").post(set_ssn).get(get_ssn);
        config.configure(luna.routes()).service(ssn);
    }
}

fn luna(backend: &TestBackend) -> Luna {
    Luna::new(backend, |request| {
        let id = request.headers().get("x-session").cloned();
        let id = id.and_then(|id| SessionId::new(id.to_str().ok()?).ok());
        async move { Ok(id) } // by your session store
    })
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
    let status = response.status();
    assert_error(
        status,
        test::read_body(response).await,
        ErrorKind::InvalidGrant,
    );
}

#[tokio::test]
async fn what_is_sent_is_granted() {
    let backend = TestBackend::new();
    let app = test::init_service(App::new().configure(app(luna(&backend)))).await;
    let get = test::TestRequest::with_uri("/ssn").insert_header(("x-session", "ann"));
    assert_eq!(
        test::call_service(&app, get.to_request()).await.status(),
        200
    );
    backend.assert_granted(&session("ann"), &token(7));
}
