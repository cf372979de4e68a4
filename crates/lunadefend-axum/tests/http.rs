//! The adapter behind a real router: every extractor, every refusal, both routes of the auth plugin.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy does not count as tests"
)]

#[path = "http/fakes.rs"]
mod fakes;

use axum::{
    Router,
    body::Body,
    extract::{DefaultBodyLimit, FromRef, Multipart, State},
    http::{Request, StatusCode, header},
    routing::{get, post},
};
use fakes::{FakeGrants, token};
use http_body_util::BodyExt;
use lunadefend_axum::{Error, Granted, Granter, Luna, Session, Verified};
use lunadefend_core::{ErrorKind, SessionId, UntrustedToken, VerifiedToken};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use tower::ServiceExt;

#[derive(Clone, FromRef)]
struct App {
    luna: Luna,
    ran: Arc<AtomicUsize>,
}

struct Harness {
    router: Router,
    grants: FakeGrants,
    ran: Arc<AtomicUsize>,
    asked: Arc<AtomicUsize>,
}

async fn store(
    State(ran): State<Arc<AtomicUsize>>,
    Session(_): Session,
    _: Granter,
    Verified(tokens): Verified<Vec<VerifiedToken>>,
) -> String {
    ran.fetch_add(1, Ordering::SeqCst);
    tokens.len().to_string()
}

/// As the README of the crate shows it.
async fn upload(
    State(ran): State<Arc<AtomicUsize>>,
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
    ran.fetch_add(1, Ordering::SeqCst);
    Ok(format!(
        "{} of {}",
        file.map_or(0, |bytes| bytes.len()),
        if ssn.is_some() { "somebody" } else { "nobody" }
    ))
}

async fn send(grants: Granter) -> Result<Granted<Vec<VerifiedToken>>, Error> {
    grants
        .grant(vec![VerifiedToken::assertion(&token(7))?])
        .await
}

async fn whoami(session: Option<Session>) -> &'static str {
    if session.is_some() {
        "somebody"
    } else {
        "nobody"
    }
}

fn harness() -> Harness {
    let grants = FakeGrants::default();
    let ran = Arc::new(AtomicUsize::new(0));
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let luna = Luna::new(grants.backend(), move |parts| {
        counter.fetch_add(1, Ordering::SeqCst);
        let id = parts
            .headers
            .get("x-session")
            .map(|id| id.to_str().unwrap_or_default().to_owned());
        async move {
            match id.as_deref() {
                Some("panic") => panic!("canary"),
                Some("fail") => Err(Error::session_provider("the store is down")),
                id => id.map(SessionId::new).transpose(),
            }
        }
    });
    let router = Router::new()
        .route("/store", post(store))
        .route("/upload", post(upload))
        .route("/send", get(send))
        .route("/whoami", get(whoami))
        .layer(DefaultBodyLimit::max(64 * 1024))
        .merge(luna.routes())
        .merge(luna.routes_at("api/"))
        .nest("/nested", luna.routes())
        .with_state(App {
            luna,
            ran: Arc::clone(&ran),
        });
    Harness {
        router,
        grants,
        ran,
        asked,
    }
}

impl Harness {
    async fn call(&self, request: Request<Body>) -> (StatusCode, String) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn store(&self, session: &str, body: impl Into<String>) -> (StatusCode, String) {
        self.call(
            Request::post("/store")
                .header("x-session", session)
                .header(header::CONTENT_TYPE, "application/json")
                .body(Body::from(body.into()))
                .unwrap(),
        )
        .await
    }
}

fn json(tokens: impl IntoIterator<Item = String>) -> String {
    let tokens: Vec<_> = tokens
        .into_iter()
        .map(|token| format!("{token:?}"))
        .collect();
    format!("[{}]", tokens.join(","))
}

#[tokio::test]
async fn two_hundred_tokens_are_one_call_and_the_provider_is_asked_once() {
    let harness = harness();
    harness.grants.allow("ann", (0..200).map(token));
    let answer = harness.store("ann", json((0..200).map(token))).await;
    assert_eq!(answer, (StatusCode::OK, "200".to_owned()));
    assert_eq!(harness.grants.calls(), 1);
    assert_eq!(
        harness.asked.load(Ordering::SeqCst),
        1,
        "three extractors, one question"
    );
}

#[tokio::test]
async fn one_bad_token_refuses_all_and_the_handler_never_runs() {
    let harness = harness();
    harness.grants.allow("ann", (0..199).map(token));
    let (status, body) = harness.store("ann", json((0..200).map(token))).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        body,
        r#"{"success":false,"error":{"name":"invalidGrant","message":"Grant Invalid","code":"401"}}"#
    );
    assert_eq!(harness.ran.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_token_of_another_session_is_refused() {
    let harness = harness();
    harness.grants.allow("ann", [token(1)]);
    let (status, _) = harness.store("bob", json([token(1)])).await;
    assert_eq!(
        (status, harness.ran.load(Ordering::SeqCst)),
        (StatusCode::UNAUTHORIZED, 0)
    );
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_without_an_echo() {
    let harness = harness();
    for body in [
        "",
        "[",
        "{\"4111\":1}",
        "[4111]",
        "[\"4111\"]",
        "[null]",
        "[[\"4111\"]]",
    ] {
        let (status, text) = harness.store("ann", body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
        assert!(
            text.starts_with("{\"success\":false,\"error\":{\"name\":\"bad"),
            "{text}"
        );
        assert!(!text.contains("4111"), "{text}");
    }
    assert_eq!(
        (harness.grants.calls(), harness.ran.load(Ordering::SeqCst)),
        (0, 0)
    );
}

#[tokio::test]
async fn bodies_of_the_wrong_kind_or_size_are_refused() {
    let harness = harness();
    for content_type in [
        "text/plain",
        "application/json; charset=latin1",
        "multipart/form-data",
    ] {
        let request = Request::post("/store")
            .header("x-session", "ann")
            .header(header::CONTENT_TYPE, content_type)
            .body(Body::from("[]"))
            .unwrap();
        let (status, body) = harness.call(request).await;
        assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{content_type}");
        assert!(body.contains("unsupportedMediaType"));
    }
    let (status, body) = harness.store("ann", " ".repeat(64 * 1024 + 1)).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(body.contains("payloadTooLarge"));
}

#[tokio::test]
async fn a_token_beside_a_file_is_verified_before_anything_is_stored() {
    let harness = harness();
    harness.grants.allow("ann", [token(1)]);
    let post = async |session: &str, ssn: &str| {
        let part = |head: &str, body: &str| {
            format!("--x\r\ncontent-disposition: form-data; {head}\r\n\r\n{body}\r\n")
        };
        let file = part("name=\"file\"; filename=\"scan.png\"", "12345");
        let body = format!("{file}{}--x--\r\n", part("name=\"ssn\"", ssn));
        let request = Request::post("/upload")
            .header("x-session", session)
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=x")
            .body(Body::from(body))
            .unwrap();
        harness.call(request).await
    };
    let (status, text) = post("bob", &token(1)).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED, "{text}");
    let (status, text) = post("ann", "4111").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(
        text.contains("badToken") && !text.contains("4111"),
        "{text}"
    );
    assert_eq!(harness.ran.load(Ordering::SeqCst), 0);
    let answer = post("ann", &token(1)).await;
    assert_eq!(answer, (StatusCode::OK, "5 of somebody".to_owned()));
}

#[tokio::test]
async fn without_a_session_nothing_is_read() {
    let harness = harness();
    let request = Request::post("/store")
        .body(Body::from("not even json"))
        .unwrap();
    let (status, body) = harness.call(request).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert!(body.contains("unable to authenticate the user of this request"));
    let nobody = Request::get("/whoami").body(Body::empty()).unwrap();
    assert_eq!(harness.call(nobody).await.1, "nobody");
}

#[tokio::test]
async fn a_provider_that_fails_or_panics_is_a_500_and_the_next_request_works() {
    let harness = harness();
    for session in ["panic", "fail"] {
        for uri in ["/whoami", "/.lunasec/secure-frame?state=s"] {
            let request = Request::get(uri)
                .header("x-session", session)
                .body(Body::empty())
                .unwrap();
            let (status, body) = harness.call(request).await;
            assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
            assert!(
                body.contains("\"sessionError\"") && !body.contains("canary"),
                "{body}"
            );
        }
    }
    let request = Request::get("/whoami")
        .header("x-session", "ann")
        .body(Body::empty())
        .unwrap();
    assert_eq!(harness.call(request).await.1, "somebody");
}

#[tokio::test]
async fn a_granted_answer_is_json_and_never_cached() {
    let harness = harness();
    let request = Request::get("/send")
        .header("x-session", "ann")
        .body(Body::empty())
        .unwrap();
    let response = harness.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json");
    assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, json([token(7)]));
    assert!(
        harness.grants.holds("ann", &token(7)),
        "what was sent was granted"
    );
}

#[tokio::test]
async fn the_auth_plugin_answers_at_the_root_below_a_base_path_and_nested() {
    let harness = harness();
    for base in ["", "/api", "/nested"] {
        let request = Request::get(format!("{base}/.lunasec/secure-frame?state=s"))
            .header("x-session", "ann")
            .body(Body::empty())
            .unwrap();
        let response = harness.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::FOUND, "{base}");
        assert_eq!(
            response.headers()[header::LOCATION],
            "https://t.example/?state=s&session=ann"
        );

        let keys = Request::get(format!("{base}/.lunasec/jwks.json"))
            .body(Body::empty())
            .unwrap();
        assert_eq!(
            harness.call(keys).await,
            (StatusCode::OK, "{\"keys\":[]}".to_owned())
        );
        let post = Request::post(format!("{base}/.lunasec/jwks.json"))
            .body(Body::empty())
            .unwrap();
        assert_eq!(harness.call(post).await.0, StatusCode::METHOD_NOT_ALLOWED);
    }
}
