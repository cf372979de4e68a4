//! One schema behind each framework, with real servers and the session of each adapter.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy does not count as tests"
)]

mod on_actix;
mod on_axum;
mod on_warp;
mod schema;
mod warp_filter;

use http::{HeaderMap, HeaderValue, Method, header};
use lunadefend_core::Backend;
use lunadefend_http::{HttpClient, Request, Response};
use lunadefend_testing::{TestBackend, session};
use schema::Ran;
use serde_json::{Value, json};
use std::{net::SocketAddr, time::Duration};
use tokio::time::Instant;

/// A server of one of the frameworks.
struct Server {
    address: SocketAddr,
    grants: TestBackend,
    ran: Ran,
}

/// What the applications are made of.
fn parts() -> (TestBackend, Ran, Backend) {
    let grants = TestBackend::new();
    let backend = Backend::from(&grants);
    (grants, Ran::default(), backend)
}

/// The token with a number, as text.
fn token(number: u32) -> String {
    lunadefend_testing::token(number).expose_id().to_owned()
}

impl Server {
    async fn post(&self, session: Option<&'static str>, body: impl ToString) -> Response {
        let mut headers = HeaderMap::new();
        let json = HeaderValue::from_static("application/json");
        headers.insert(header::CONTENT_TYPE, json);
        if let Some(session) = session {
            headers.insert("x-session", HeaderValue::from_static(session));
        }
        let client = HttpClient::builder().tls(false).build().unwrap();
        let request = Request {
            method: Method::POST,
            url: format!("http://{}/graphql", self.address).into(),
            headers,
            body: body.to_string().into(),
            max_response: 64 * 1024,
            deadline: Instant::now() + Duration::from_secs(10),
        };
        client.send(request).await.unwrap()
    }

    async fn ask(&self, session: Option<&'static str>, query: &str, token: &str) -> Value {
        let body = json!({"query": query, "variables": {"token": token}});
        let answer = self.post(session, body).await;
        assert_eq!(answer.status, 200);
        serde_json::from_slice(&answer.body).unwrap()
    }
}

const SAVE: &str = "mutation($token: String!) { save(forms: [{ ssn: $token }]) }";
const SSN: &str = "{ ssn }";

async fn scenario(server: &Server) {
    // In, by the session of the adapter's provider.
    let granted = lunadefend_testing::token(1);
    server.grants.grant(&session("ann"), &granted);
    let answer = server.ask(Some("ann"), SAVE, &token(1)).await;
    assert_eq!(answer, json!({"data": {"save": true}}));
    assert_eq!(server.ran.times(), 1);
    for (session, token, code) in [
        (Some("bob"), token(1), "invalidGrant"),
        (Some("ann"), token(2), "invalidGrant"),
        (Some("ann"), "4111111111111111".to_owned(), "badToken"),
        (None, token(1), "sessionError"),
    ] {
        let answer = server.ask(session, SAVE, &token).await;
        assert_eq!(answer["data"], Value::Null);
        let error = answer["errors"][0].as_object().unwrap();
        assert_eq!(error["extensions"], json!({ "code": code }));
        assert_eq!(error.len(), 2, "a message and a code: {error:?}");
        assert!(!answer.to_string().contains("4111"), "{answer}");
    }
    assert_eq!(server.ran.times(), 1);

    // Out.
    let body = json!({ "query": SSN });
    let answer = server.post(Some("carol"), &body).await;
    let mut caching = answer.headers.get_all(header::CACHE_CONTROL).iter();
    assert!(caching.any(|value| value == "no-store"));
    let data: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(data, json!({"data": {"ssn": token(9)}}));
    let granted = lunadefend_testing::token(9);
    server.grants.assert_granted(&session("carol"), &granted);
    let nobody: Value = serde_json::from_slice(&server.post(None, &body).await.body).unwrap();
    assert_eq!(nobody["data"], json!({"ssn": null}));
    assert_eq!(nobody["errors"][0]["extensions"]["code"], "sessionError");

    // Two in one request.
    let one = |number| json!({"query": SAVE, "variables": {"token": token(number)}});
    let answer = server.post(Some("ann"), json!([one(1), one(2)])).await;
    let answer: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(answer[0], json!({"data": {"save": true}}));
    assert_eq!(answer[1]["errors"][0]["extensions"]["code"], "invalidGrant");

    // A provider that fails is no anonymous user.
    let answer = server.post(Some("fail"), &body).await;
    assert_eq!(answer.status, 500);
    let answer: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(answer["error"]["name"], "sessionError");

    // What cannot be read is not repeated.
    let answer = server.post(Some("ann"), "{\"query\": 4111}").await;
    assert_eq!(answer.status, 400);
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    assert!(!text.contains("4111"), "{text}");
}

#[tokio::test]
async fn behind_axum() {
    scenario(&on_axum::start().await).await;
}

#[tokio::test]
async fn behind_actix_web() {
    scenario(&on_actix::start()).await;
}

#[tokio::test]
async fn behind_warp() {
    scenario(&on_warp::start().await).await;
}
