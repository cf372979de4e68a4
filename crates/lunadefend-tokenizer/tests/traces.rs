//! Whose traces a request joins. In its own process: tracing decides once for all threads whether a place in the code has
//! a subscriber.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "the lint knows test functions, not the helpers of an integration test"
)]

#[expect(dead_code, reason = "the other tests need more of it")]
#[path = "http/harness.rs"]
mod harness;
#[expect(dead_code, reason = "the other tests need more of it")]
#[path = "http/jwt.rs"]
mod jwt;

use harness::{ANY_PAGE, Harness, ORIGIN, SESSION, TOKEN};
use lunadefend_testing::logs::Log;
use tracing_subscriber::fmt::format::FmtSpan;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

#[tokio::test]
async fn only_who_has_a_jwt_names_the_trace_of_a_request() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::DEBUG)
        .with_span_events(FmtSpan::CLOSE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let harness = Harness::start().await;
    let cookie = harness.log_in(SESSION, "jti-1").await;
    let parent = |span: u64| format!("00-{TRACE}-{span:016x}-01");
    let body = format!(r#"{{"tokenIds":["{TOKEN}"]}}"#);
    let user = harness.user(SESSION);
    for (span, status, headers) in [
        (1, 200, vec![("authorization", user.as_str())]),
        (
            2,
            200,
            vec![("cookie", cookie.as_str()), ("origin", ORIGIN), ANY_PAGE],
        ),
        (3, 401, vec![("authorization", "a.b.c")]),
    ] {
        let parent = parent(span);
        let headers = [headers, vec![("traceparent", parent.as_str())]].concat();
        let reply = harness.post("/v2/tokens/describe", &headers, &body).await;
        assert_eq!(reply.status, status);
    }
    drop(guard);
    let text = log.text();
    let joined = format!("trace_id=\"{TRACE}\" parent_id=\"0000000000000001\"");
    assert!(text.contains(&joined), "{text}");
    for other in ["0000000000000002", "0000000000000003"] {
        assert!(!text.contains(other), "{other}: {text}");
    }
}
