//! Limits in a time: requests and reads of a session, reads of all. What is refused says when to try again.

use crate::{
    harness::{ANY_PAGE, Harness, ORIGIN, OTHER_SESSION, Reply, SESSION, TOKEN},
    metrics::Scraper,
};
use lunadefend_tokenizer::Limits;
use std::{num::NonZeroU32, time::Duration};

async fn with_limits(change: impl FnOnce(&mut Limits)) -> Harness {
    let mut limits = Limits::default();
    change(&mut limits);
    Harness::configured(|builder| builder.limits(limits)).await
}

async fn describe(harness: &Harness, cookie: &str) -> Reply {
    let headers = [("cookie", cookie), ("origin", ORIGIN), ANY_PAGE];
    let body = format!(r#"{{"tokenIds":["{TOKEN}"]}}"#);
    let described = harness.post("/v2/tokens/describe", &headers, &body).await;
    assert!(
        [200, 429].contains(&described.status),
        "{}",
        described.text()
    );
    described
}

/// Asks for so many values that do not exist, as a user.
async fn read(harness: &Harness, session: &str, values: usize) -> Reply {
    let tokens = (0..values).map(|n| format!(r#""lunasec-11111111-1111-4111-8111-{n:012}""#));
    let tokens: Vec<_> = tokens.collect();
    let body = format!(
        r#"{{"tokenIds":[{}],"readId":"AAAAAAAAAAAAAAAAAAAAAA"}}"#,
        tokens.join(",")
    );
    let jwt = harness.user(session);
    harness.post_as(&jwt, "/v2/detokenize", &body).await
}

fn refusal(reply: &Reply) -> (u16, String, String) {
    let after = reply.headers["retry-after"].to_str().unwrap().to_owned();
    (reply.status, reply.message(), after)
}

#[tokio::test]
async fn a_session_sends_so_many_requests_a_minute_from_the_frame() {
    let harness = with_limits(|limits| limits.session_requests = NonZeroU32::new(2)).await;
    let scraper = Scraper::of(&harness).await;
    let limited = r#"lunadefend_limited_requests_total{rule="session_requests"}"#;
    let cookie = harness.log_in(SESSION, "jti-1").await;
    let again = harness.log_in(SESSION, "jti-2").await;
    let other = harness.log_in(OTHER_SESSION, "jti-3").await;
    for cookie in [&cookie, &again, &other] {
        assert_eq!(describe(&harness, cookie).await.status, 200);
    }
    assert_eq!(scraper.value(limited).await, 0.0);
    // A new cookie of the same session is no new limit.
    for cookie in [&cookie, &again] {
        let refused = describe(&harness, cookie).await;
        let message = "the session has sent too many requests: try again later, or have LUNADEFEND_SESSION_REQUESTS_PER_MINUTE of the tokenizer raised";
        assert_eq!(refusal(&refused), (429, message.into(), "30".into()));
    }
    assert_eq!(scraper.value(limited).await, 2.0);
    assert_eq!(describe(&harness, &other).await.status, 200);
    // The application limits its users itself.
    for _ in 0..5 {
        assert_eq!(read(&harness, SESSION, 1).await.status, 200);
    }
    harness.clock.advance(Duration::from_secs(30));
    assert_eq!(describe(&harness, &cookie).await.status, 200);
    assert_eq!(describe(&harness, &cookie).await.status, 429);
}

#[tokio::test]
async fn a_session_reads_so_many_values_an_hour_by_whichever_route() {
    let harness = with_limits(|limits| limits.session_reads = NonZeroU32::new(150)).await;
    let scraper = Scraper::of(&harness).await;
    let token = harness.store_value(SESSION, "value").await;
    assert_eq!(read(&harness, SESSION, 100).await.status, 200);
    assert_eq!(read(&harness, SESSION, 49).await.status, 200);
    let jwt = harness.user(SESSION);
    let one = format!(r#"{{"tokenId":"{token}"}}"#);
    assert_eq!(harness.post_as(&jwt, "/detokenize", &one).await.status, 200);
    let message = "the session has read as many values as it may in an hour: try again later, or have LUNADEFEND_SESSION_READS_PER_HOUR of the tokenizer raised";
    for (refused, after) in [
        (read(&harness, SESSION, 1).await, "24"),
        (harness.post_as(&jwt, "/detokenize", &one).await, "24"),
        (read(&harness, SESSION, 100).await, "2400"),
    ] {
        assert_eq!(refusal(&refused), (429, message.into(), after.into()));
    }
    let limited = r#"lunadefend_limited_requests_total{rule="session_reads"}"#;
    assert_eq!(scraper.value(limited).await, 3.0);
    assert_eq!(read(&harness, OTHER_SESSION, 100).await.status, 200);
    harness.clock.advance(Duration::from_secs(24));
    assert_eq!(read(&harness, SESSION, 1).await.status, 200);
}

#[tokio::test]
async fn all_sessions_together_read_so_many_values_an_hour() {
    let harness = with_limits(|limits| limits.reads = NonZeroU32::new(100)).await;
    assert_eq!(read(&harness, SESSION, 50).await.status, 200);
    assert_eq!(read(&harness, OTHER_SESSION, 50).await.status, 200);
    let refused = read(&harness, "a third one", 1).await;
    let message = "as many values were read as all sessions together may in an hour: try again later, or have LUNADEFEND_READS_PER_HOUR of the tokenizer raised";
    assert_eq!(refusal(&refused), (429, message.into(), "36".into()));
}

#[tokio::test]
async fn without_limits_nothing_is_refused() {
    let harness = with_limits(|limits| {
        limits.session_requests = None;
        limits.session_reads = None;
        limits.reads = None;
        limits.refusals = None;
    })
    .await;
    let cookie = harness.log_in(SESSION, "jti-1").await;
    for _ in 0..3100 {
        assert_eq!(describe(&harness, &cookie).await.status, 200);
    }
    for _ in 0..110 {
        assert_eq!(read(&harness, SESSION, 100).await.status, 200);
    }
}

#[tokio::test]
async fn an_address_is_refused_so_often_a_minute_and_then_not_told_why() {
    let harness = with_limits(|limits| limits.refusals = NonZeroU32::new(2)).await;
    let cookie = harness.log_in(SESSION, "jti-1").await;
    let page = [("origin", ORIGIN), ANY_PAGE];
    let body = r#"{"tokenIds":[]}"#;
    let bad_jwt = [("authorization", "a.b.c")];
    for _ in 0..2 {
        let refused = harness.post("/v2/tokens/describe", &bad_jwt, body).await;
        assert_eq!(refused.status, 401);
    }
    let message = "too many requests from this address were refused: try again later, or have LUNADEFEND_REFUSALS_PER_MINUTE of the tokenizer raised";
    for refused in [
        harness.post("/v2/tokens/describe", &bad_jwt, body).await,
        harness.get("/nothing", &[]).await,
        harness.get("/grant/set", &[]).await,
        harness.get("/blob/made-up", &[]).await,
    ] {
        assert_eq!(refusal(&refused), (429, message.into(), "30".into()));
        assert!(!refused.headers.contains_key("www-authenticate"));
        assert!(refused.header("cache-control").starts_with("no-store"));
    }
    // Nobody at the address is kept out, and the application's refusals are its own.
    assert_eq!(harness.get("/live", &[]).await.status, 200);
    let without_session = harness.post("/v2/tokens/describe", &page, body).await;
    assert_eq!(
        without_session.status, 401,
        "the page transfers its session"
    );
    assert_eq!(harness.get("/session/ensure", &[]).await.status, 302);
    assert_eq!(describe(&harness, &cookie).await.status, 200);
    let jwt = harness.application();
    for _ in 0..5 {
        let refused = harness.post_as(&jwt, "/grant/set", "{}").await;
        assert_eq!(refused.status, 400);
    }
    harness.clock.advance(Duration::from_secs(30));
    assert_eq!(harness.get("/nothing", &[]).await.status, 404);
}
