use axum::{Router, body::Body, http::Request, routing::post};
use lunadefend::{Backend, ErrorKind, GrantDuration, SessionId, VerifiedToken};
use lunadefend_axum::{Error, Granted, Granter, Luna, Verified};
use lunadefend_testing::{TestBackend, assert_error, session, token};
use tower::ServiceExt;

/// Your application. `main` hands it a `LunaDefend`, a test a `TestBackend`.
fn app(backend: impl Into<Backend>) -> Router {
    let luna = Luna::with_session(backend, |parts| {
        let id = parts.headers.get("x-session")?; // your session cookie
        SessionId::new(id.to_str().ok()?).ok()
    });
    let ssn = post(set_ssn).get(get_ssn);
    Router::new().route("/ssn", ssn).with_state(luna)
}

async fn set_ssn(Verified(_): Verified<VerifiedToken>) -> &'static str {
    "stored"
}

async fn get_ssn(grants: Granter) -> Result<Granted<VerifiedToken>, Error> {
    grants.grant(token(7)).await // from your database
}

/// A request of Ann's, and what comes back.
async fn send(app: Router, method: &str, body: String) -> (u16, Vec<u8>) {
    let request = Request::builder().method(method).uri("/ssn");
    let request = request.header("x-session", "ann");
    let request = request.header("content-type", "application/json");
    let response = app
        .oneshot(request.body(Body::from(body)).unwrap())
        .await
        .unwrap();
    let status = response.status().as_u16();
    let body = axum::body::to_bytes(response.into_body(), 65_536)
        .await
        .unwrap();
    (status, body.into())
}

#[tokio::test]
async fn a_token_counts_for_fifteen_minutes() {
    let backend = TestBackend::new();
    let page = backend.grant(&session("ann"), &token(1)); // what Ann's browser has
    let posted = serde_json::to_string(&page).unwrap();
    assert_eq!(send(app(&backend), "POST", posted.clone()).await.0, 200);
    backend.clock().advance(GrantDuration::DEFAULT.get());
    let (status, body) = send(app(&backend), "POST", posted).await;
    assert_error(status, body, ErrorKind::InvalidGrant);
}

#[tokio::test]
async fn what_is_sent_is_granted() {
    let backend = TestBackend::new();
    assert_eq!(send(app(&backend), "GET", String::new()).await.0, 200);
    backend.assert_granted(&session("ann"), &token(7));
}
