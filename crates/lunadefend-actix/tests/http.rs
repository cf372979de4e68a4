//! What the table of all adapters (`tests/tests/adapters`) cannot say: actix-web's own settings for bodies, requests
//! that cannot be translated, and which session id provider is asked, how often.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy does not count as tests"
)]

#[path = "http/sessions.rs"]
mod sessions;

use actix_web::{
    App, Resource,
    http::header::{self, HeaderName, HeaderValue},
    test::{TestRequest, call_service, init_service, read_body},
    web::{self, Data, PayloadConfig},
};
use lunadefend_actix::{Granter, Luna, Session, Verified};
use lunadefend_core::{ErrorKind, SessionId, VerifiedToken};
use lunadefend_testing::{Call, TestBackend, assert_error, session, token};
use std::{
    any::Any,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::task::yield_now;

async fn count(
    Session(_): Session,
    _: Granter,
    Verified(tokens): Verified<Vec<VerifiedToken>>,
) -> String {
    tokens.len().to_string()
}

fn limited(path: &str, config: impl Any) -> Resource {
    web::resource(path).app_data(config).to(count)
}

/// Takes the session from a header, and counts how often it is asked.
fn luna(backend: &TestBackend, asked: &Arc<AtomicUsize>) -> Luna {
    let asked = Arc::clone(asked);
    Luna::new(backend, move |request| {
        asked.fetch_add(1, Ordering::SeqCst);
        let id = request.headers().get("x-session").unwrap();
        let id = id.to_str().unwrap().to_owned();
        async move {
            // So that whoever asks at the same time finds it under way.
            yield_now().await;
            SessionId::new(id).map(Some)
        }
    })
}

fn post(path: &str, body: String) -> TestRequest {
    TestRequest::post()
        .uri(path)
        .insert_header(("x-session", "ann"))
        .insert_header(header::ContentType::json())
        .set_payload(body)
}

#[tokio::test]
async fn two_hundred_tokens_are_one_call_and_the_provider_is_asked_once() {
    let (backend, asked) = (TestBackend::new(), Arc::default());
    let luna = luna(&backend, &asked);
    let app = App::new().configure(luna.routes());
    let app = init_service(app.route("/count", web::post().to(count))).await;
    let granted: Vec<_> = (0..200)
        .map(|number| backend.grant(&session("ann"), &token(number)))
        .collect();
    let request = post("/count", serde_json::to_string(&granted).unwrap());
    let response = call_service(&app, request.to_request()).await;
    assert_eq!(read_body(response).await, "200");
    let tokens = granted.iter().map(|token| token.expose_id());
    assert_eq!(backend.take_calls(), [Call::verify("ann", tokens)]);
    let asked = asked.load(Ordering::SeqCst);
    assert_eq!(asked, 1, "three extractors side by side, one question");
}

#[tokio::test]
async fn bodies_are_read_by_the_payload_config_of_the_application() {
    const LIMIT: usize = 64 * 1024;
    let luna = luna(&TestBackend::new(), &Arc::default());
    let css = PayloadConfig::new(LIMIT).mimetype("text/css".parse().unwrap());
    let app = App::new()
        .configure(luna.routes())
        .service(limited("/own", PayloadConfig::new(LIMIT)))
        .service(limited("/shared", Data::new(PayloadConfig::new(LIMIT))))
        .service(limited("/css", css));
    let app = init_service(app).await;
    let fits = format!("[]{}", " ".repeat(LIMIT - 2));
    for path in ["/own", "/shared"] {
        let response = call_service(&app, post(path, fits.clone()).to_request()).await;
        assert_eq!(read_body(response).await, "0", "{path}");
        let response = call_service(&app, post(path, format!("{fits} ")).to_request()).await;
        let status = response.status();
        assert_error(
            status,
            read_body(response).await,
            ErrorKind::PayloadTooLarge,
        );
    }
    let response = call_service(&app, post("/css", "[]".to_owned()).to_request()).await;
    let status = response.status();
    assert_error(status, read_body(response).await, ErrorKind::BadRequest);
}

/// The core never sees the request: a header of it has no name there. (Over the wire actix-web's parser
/// refuses it first.)
#[tokio::test]
async fn a_transfer_that_cannot_be_translated_is_refused_within_reach_of_the_fetch() {
    let luna = luna(&TestBackend::new(), &Arc::default());
    let app = init_service(App::new().configure(luna.routes())).await;
    let odd = HeaderName::from_bytes(b"x-\"odd").unwrap();
    let request = TestRequest::with_uri("/.lunasec/secure-frame?state=s")
        .insert_header(("x-session", "ann"))
        .insert_header((odd, "1"));
    let response = call_service(&app, request.to_request()).await;
    assert_eq!(
        response.headers().get("cross-origin-resource-policy"),
        Some(&HeaderValue::from_static("cross-origin"))
    );
    let status = response.status();
    assert_error(status, read_body(response).await, ErrorKind::BadRequest);
}
