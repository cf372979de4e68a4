//! How much a session may store from the frame in a day.

use crate::harness::{ANY_PAGE, Harness, ORIGIN, OTHER_SESSION, Reply, SESSION, path_of};
use http::Method;
use lunadefend_tokenizer::Limits;
use std::time::Duration;

async fn with_limits(change: impl FnOnce(&mut Limits)) -> Harness {
    let mut limits = Limits::default();
    change(&mut limits);
    Harness::configured(|builder| builder.limits(limits)).await
}

async fn tokenize(harness: &Harness, cookie: &str) -> Reply {
    let headers = [("cookie", cookie), ("origin", ORIGIN), ANY_PAGE];
    harness.post("/tokenize", &headers, "{}").await
}

async fn upload_url(harness: &Harness, cookie: &str) -> String {
    let reply = tokenize(harness, cookie).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    path_of(reply.json()["data"]["uploadUrl"].as_str().unwrap())
}

async fn put(harness: &Harness, url: &str, length: usize) -> Reply {
    harness.send(Method::PUT, url, &[], vec![7; length]).await
}

const VALUES: &str = "a session may store 2 values in 24 hours: try again later, or have LUNADEFEND_SESSION_VALUES of the tokenizer raised";
const BYTES: &str = "a session may store 1500 bytes in 24 hours: try again later, or have LUNADEFEND_SESSION_BYTES of the tokenizer raised";

#[tokio::test]
async fn a_session_stores_so_many_values_a_day_from_the_frame() {
    let harness = with_limits(|limits| limits.session_values = 2).await;
    let cookie = harness.log_in(SESSION, "jti-1").await;
    for _ in 0..2 {
        assert_eq!(tokenize(&harness, &cookie).await.status, 200);
    }
    // A new cookie of the same session is no new quota.
    let again = harness.log_in(SESSION, "jti-2").await;
    for cookie in [&cookie, &again] {
        let refused = tokenize(&harness, cookie).await;
        assert_eq!((refused.status, refused.message().as_str()), (429, VALUES));
    }
    // Nobody else is meant, and not the application on behalf of the same session.
    let other = harness.log_in(OTHER_SESSION, "jti-3").await;
    assert_eq!(tokenize(&harness, &other).await.status, 200);
    for _ in 0..5 {
        harness.store_value(SESSION, "value").await;
    }
    let jwt = harness.application();
    let reply = harness.post_as(&jwt, "/tokenize", "{}").await;
    assert_eq!(reply.status, 200);

    // The day begins with the first value.
    harness
        .clock
        .advance(Duration::from_millis(24 * 60 * 60 * 1000 - 1));
    let cookie = harness.log_in(SESSION, "jti-4").await;
    assert_eq!(tokenize(&harness, &cookie).await.status, 429);
    harness.clock.advance(Duration::from_millis(1));
    assert_eq!(tokenize(&harness, &cookie).await.status, 200);
}

#[tokio::test]
async fn a_session_stores_so_many_bytes_a_day_from_the_frame() {
    let harness = with_limits(|limits| {
        limits.max_value = 1000;
        limits.session_bytes = 1500;
    })
    .await;
    let cookie = harness.log_in(SESSION, "jti-1").await;
    let (first, second) = (
        upload_url(&harness, &cookie).await,
        upload_url(&harness, &cookie).await,
    );
    assert_eq!(put(&harness, &first, 1000).await.status, 200);
    let refused = put(&harness, &second, 501).await;
    assert_eq!((refused.status, refused.message().as_str()), (429, BYTES));
    // It used nothing up, neither the URL nor the bytes.
    assert_eq!(put(&harness, &second, 500).await.status, 200);
    let refused = tokenize(&harness, &cookie).await;
    assert_eq!((refused.status, refused.message().as_str()), (429, BYTES));
    harness.store_value(SESSION, vec![7; 1000]).await;
    let other = harness.log_in(OTHER_SESSION, "jti-2").await;
    let url = upload_url(&harness, &other).await;
    assert_eq!(put(&harness, &url, 1000).await.status, 200);
}

/// A client that begins several uploads at once gets no more than one after the other.
#[tokio::test(flavor = "multi_thread")]
async fn uploads_at_once_do_not_get_round_the_quota() {
    let harness = with_limits(|limits| {
        limits.max_value = 1000;
        limits.session_bytes = 3500;
    })
    .await;
    let cookie = harness.log_in(SESSION, "jti-1").await;
    let mut urls = Vec::new();
    for _ in 0..8 {
        urls.push(upload_url(&harness, &cookie).await);
    }
    let uploads = urls.iter().map(|url| put(&harness, url, 1000));
    let replies = futures_util::future::join_all(uploads).await;
    let statuses: Vec<_> = replies.iter().map(|reply| reply.status).collect();
    let stored = statuses.iter().filter(|status| **status == 200).count();
    assert_eq!(stored, 3, "{statuses:?}");
    assert!(statuses.iter().all(|status| [200, 429].contains(status)));
}
