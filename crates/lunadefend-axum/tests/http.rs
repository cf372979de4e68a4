//! What the table of all adapters (`tests/tests/adapters`) cannot say: how often the provider is asked by several
//! extractors, and a body that only the framework can read.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy does not count as tests"
)]

use axum::{
    Router,
    body::Body,
    extract::{Multipart, State},
    http::{Request, StatusCode, header},
    routing::post,
};
use http_body_util::BodyExt;
use lunadefend_axum::{Error, Granter, Luna, Session, Verified};
use lunadefend_core::{ErrorKind, SessionId, UntrustedToken, VerifiedToken};
use lunadefend_testing::{Call, TestBackend, assert_error, session, token};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use tower::ServiceExt;

/// As the README of the crate shows it.
async fn upload(
    State(luna): State<Luna>,
    Session(session): Session,
    mut form: Multipart,
) -> Result<String, Error> {
    let (mut ssn, mut file) = (None, None);
    while let Some(field) = form.next_field().await.map_err(|_| ErrorKind::BadRequest)? {
        match field.name() {
            Some("ssn") => {
                let text = field.text().await.map_err(|_| ErrorKind::BadRequest)?;
                ssn = Some(UntrustedToken::parse(&text)?);
            }
            Some("file") => file = Some(field.bytes().await.map_err(|_| ErrorKind::BadRequest)?),
            _ => {}
        }
    }
    let ssn: Option<VerifiedToken> = luna.grants().verify(&session, ssn).await?;
    Ok(format!(
        "{} of {}",
        file.map_or(0, |bytes| bytes.len()),
        if ssn.is_some() { "somebody" } else { "nobody" }
    ))
}

async fn count(
    Session(_): Session,
    _: Granter,
    Verified(tokens): Verified<Vec<VerifiedToken>>,
) -> String {
    tokens.len().to_string()
}

/// The two routes, and how often the provider was asked.
fn app(backend: &TestBackend) -> (Router, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let luna = Luna::new(backend, move |parts| {
        counter.fetch_add(1, Ordering::SeqCst);
        let id = parts.headers["x-session"].to_str().unwrap().to_owned();
        async move { SessionId::new(id).map(Some) }
    });
    let router = Router::new()
        .route("/count", post(count))
        .route("/upload", post(upload))
        .with_state(luna);
    (router, asked)
}

async fn call(router: &Router, session: &str, kind: &str, body: String) -> (StatusCode, String) {
    let path = match kind {
        "application/json" => "/count",
        _ => "/upload",
    };
    let request = Request::post(path)
        .header("x-session", session)
        .header(header::CONTENT_TYPE, kind)
        .body(Body::from(body))
        .unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn two_hundred_tokens_are_one_call_and_the_provider_is_asked_once() {
    let backend = TestBackend::new();
    let (router, asked) = app(&backend);
    let granted: Vec<_> = (0..200)
        .map(|number| backend.grant(&session("ann"), &token(number)))
        .collect();
    let body = serde_json::to_string(&granted).unwrap();
    let answer = call(&router, "ann", "application/json", body).await;
    assert_eq!(answer, (StatusCode::OK, "200".to_owned()));
    let tokens = granted.iter().map(|token| token.expose_id());
    assert_eq!(backend.take_calls(), [Call::verify("ann", tokens)]);
    let asked = asked.load(Ordering::SeqCst);
    assert_eq!(asked, 1, "three extractors, one question");
}

#[tokio::test]
async fn a_token_beside_a_file_is_verified_before_anything_is_stored() {
    let backend = TestBackend::new();
    let (router, _) = app(&backend);
    let granted = backend.grant(&session("ann"), &token(1));
    let post = async |session: &str, ssn: &str| {
        let part = |head: &str, body: &str| {
            format!("--x\r\ncontent-disposition: form-data; {head}\r\n\r\n{body}\r\n")
        };
        let file = part("name=\"file\"; filename=\"scan.png\"", "12345");
        let body = format!("{file}{}--x--\r\n", part("name=\"ssn\"", ssn));
        call(&router, session, "multipart/form-data; boundary=x", body).await
    };
    let (status, text) = post("bob", granted.expose_id()).await;
    assert_error(status, text, ErrorKind::InvalidGrant);
    let (status, text) = post("ann", "4111").await;
    assert!(!text.contains("4111"), "{text}");
    assert_error(status, text, ErrorKind::BadToken);
    let answer = post("ann", granted.expose_id()).await;
    assert_eq!(answer, (StatusCode::OK, "5 of somebody".to_owned()));
}
