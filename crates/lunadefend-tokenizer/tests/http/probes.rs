//! `/live` and `/ready`.

use crate::{
    harness::{Harness, ORIGIN, OTHER_SESSION, Reply, SESSION, TOKEN, base, builder, client},
    jwt::APPLICATION_KEY,
};
use http::Method;
use lunadefend_tokenizer::{JwksSource, Limits, VerificationKeys};
use lunadefend_vault::store::faults::{FailingStore, Fault, Operation};
use lunadefend_vault_redb::EmbeddedStore;
use std::{sync::Arc, time::Duration};
use tokio::net::TcpListener;

const READY: &str = r#"{"success":true,"error":{}}"#;
const NOT_READY: &str = "the tokenizer is not ready";

async fn is_ready(harness: &Harness) -> bool {
    let reply = harness.get("/ready", &[]).await;
    match reply.status {
        200 => assert_eq!(reply.text(), READY),
        503 => assert_eq!(reply.message(), NOT_READY),
        status => panic!("{status}"),
    }
    let head = harness.send(Method::HEAD, "/ready", &[], "").await;
    assert_eq!((head.status, head.body.len()), (reply.status, 0));
    reply.status == 200
}

fn assert_live(reply: &Reply) {
    assert_eq!((reply.status, reply.text().as_str()), (200, READY));
}

async fn with_faults() -> (Arc<FailingStore<EmbeddedStore>>, Harness) {
    let store = Arc::new(FailingStore::new(EmbeddedStore::in_memory().unwrap()));
    let keys = VerificationKeys::Public(APPLICATION_KEY.public_key().clone());
    let builder = builder(ORIGIN, keys).limits(Limits::default());
    let harness = Harness::with_store(builder, Arc::<FailingStore<_>>::clone(&store)).await;
    (store, harness)
}

#[tokio::test]
async fn ready_follows_the_store_and_live_does_not() {
    let (store, harness) = with_faults().await;
    assert!(is_ready(&harness).await);
    store.plan_all(Operation::Check, Fault::Before);
    assert!(is_ready(&harness).await, "the last check is young");
    harness.clock.advance(Duration::from_secs(1));
    assert!(!is_ready(&harness).await);
    assert_live(&harness.get("/live", &[]).await);
    store.clear();
    assert!(
        !is_ready(&harness).await,
        "a failure counts for a second too"
    );
    harness.clock.advance(Duration::from_secs(1));
    assert!(is_ready(&harness).await);
}

/// Anybody may probe, and a check of the embedded store is a write.
#[tokio::test]
async fn many_probes_are_one_check_in_a_second() {
    let (store, harness) = with_faults().await;
    let checks = || {
        let calls = store.take_calls();
        calls
            .iter()
            .filter(|call| **call == Operation::Check)
            .count()
    };
    checks();
    for _ in 0..10 {
        let probes = futures_util::future::join_all((0..10).map(|_| is_ready(&harness)));
        assert!(probes.await.into_iter().all(|ready| ready));
        harness.clock.advance(Duration::from_millis(99));
    }
    assert_eq!(checks(), 1);
    harness.clock.advance(Duration::from_millis(10));
    assert!(is_ready(&harness).await);
    assert_eq!(checks(), 1);
}

/// An application that waits for its tokenizer would never start.
#[tokio::test]
async fn ready_without_the_applications_keys() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/jwks.json", closed.local_addr().unwrap());
    drop(closed);
    let source = JwksSource::new(base(&url), client()).unwrap();
    let harness = Harness::with(builder(ORIGIN, VerificationKeys::Jwks(source))).await;
    assert_eq!(harness.grant(SESSION, TOKEN, None).await.status, 503);
    assert!(is_ready(&harness).await);
}

#[tokio::test]
async fn a_drain_ends_readiness_at_once_and_nothing_else() {
    let (store, harness) = with_faults().await;
    assert!(is_ready(&harness).await);
    harness.tokenizer.begin_drain();
    assert!(!is_ready(&harness).await);
    assert_live(&harness.get("/live", &[]).await);
    assert_eq!(harness.get("/health", &[]).await.status, 200);
    assert_eq!(harness.grant(OTHER_SESSION, TOKEN, None).await.status, 200);
    // Whoever waited for the store would learn of the drain too late.
    harness.clock.advance(Duration::from_secs(1));
    store.plan_all(Operation::Check, Fault::Stall);
    assert!(!is_ready(&harness).await);
    assert_eq!(store.stalled(), 0);
}
