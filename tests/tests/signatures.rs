//! One signature in the life of a JWT, however many ask at once.
#![expect(
    clippy::unwrap_used,
    reason = "clippy takes the helpers of tests for production code"
)]

use lunadefend::{LunaDefend, SessionId, UntrustedToken, VerifiedToken};
use lunadefend_tests::World;
use std::{sync::Arc, time::Duration};
use tokio::{sync::Semaphore, task::JoinSet};

const TOKEN: &str = "lunasec-0a1b2c3d-1111-4222-8333-444455556666";
/// Each has a connection, and programs may have about a thousand.
const AT_ONCE: usize = 200;

fn signatures(luna: &LunaDefend) -> u64 {
    luna.client().keys().signatures()
}

/// So many calls, each a task of its own.
async fn verify(luna: &LunaDefend, session: &SessionId, calls: usize) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    for _ in 0..calls {
        let (luna, session) = (luna.clone(), session.clone());
        let place = Arc::clone(&places).acquire_owned().await.unwrap();
        running.spawn(async move {
            let token: UntrustedToken = TOKEN.parse().unwrap();
            let verified = luna.grants().verify(&session, token).await;
            drop(place);
            verified
        });
        while let Some(done) = running.try_join_next() {
            done.unwrap().unwrap();
        }
    }
    while let Some(done) = running.join_next().await {
        done.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_calls_and_one_signature() {
    let world = World::start().await;
    let session = world.application.log_in("ann");
    // The grant is another application's, so that nothing is signed yet.
    let other = world.luna_with(lunadefend_tests::signing_key()).await;
    let token = VerifiedToken::assertion(TOKEN).unwrap();
    let hour: lunadefend::GrantDuration = "1h".parse().unwrap();
    other.grants().grant(&session, token, hour).await.unwrap();

    let luna = world.luna();
    assert_eq!(signatures(&luna), 0);
    verify(&luna, &session, 10_000).await;
    assert_eq!(signatures(&luna), 1);

    // 80 % of its life, and all of it.
    for (seconds, expected) in [(719, 1), (1, 2), (719, 2), (1, 3), (900, 4)] {
        world.clock.advance(Duration::from_secs(seconds));
        verify(&luna, &session, 400).await;
        assert_eq!(signatures(&luna), expected, "{seconds}");
    }
}

/// Without a tokenizer in between nothing limits how many ask for it.
#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_at_once() {
    let world = World::start().await;
    let luna = world.luna();
    let barrier = Arc::new(tokio::sync::Barrier::new(10_000));
    let mut running = JoinSet::new();
    for _ in 0..10_000 {
        let (luna, barrier) = (luna.clone(), Arc::clone(&barrier));
        running.spawn(async move {
            barrier.wait().await;
            let jwt = luna.client().keys().application().await.unwrap();
            jwt.expose_secret().to_owned()
        });
    }
    let mut jwts = running.join_all().await;
    jwts.dedup();
    assert_eq!(jwts.len(), 1, "all have the same");
    assert_eq!(signatures(&luna), 1);
}

/// Acting for a session needs a signature each time: sessions differ.
#[tokio::test]
async fn calls_for_a_session_sign_for_it() {
    let world = World::start().await;
    let ann = world.application.log_in("ann");
    let luna = world.luna();
    let api = luna.tokenizer();
    let metadata = lunadefend::Metadata::string();
    let token = api.tokenize(&ann, b"v", &metadata).await.unwrap();
    assert_eq!(signatures(&luna), 1, "an upload carries none");
    api.detokenize(&ann, &token).await.unwrap();
    assert_eq!(signatures(&luna), 2);
    luna.grants().grant(&ann, &token, None).await.unwrap();
    luna.grants().grant(&ann, &token, None).await.unwrap();
    assert_eq!(signatures(&luna), 3);
}
