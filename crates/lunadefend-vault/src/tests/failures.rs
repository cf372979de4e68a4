//! A store that fails: whichever call it is, before or after its effect, what is told is true, and a
//! repetition ends right.

mod scene;

use super::*;
use crate::store::{self, StoreError};
use scene::{ALL, Doing, Scene};

/// Without a plan nothing fails.
#[tokio::test(flavor = "multi_thread")]
async fn a_failing_store_conforms_until_it_is_told_to_fail() {
    let failing = TestStore::new(MemoryStore::default());
    store::conformance::all(&failing).await;
    assert!(!failing.take_calls().is_empty());
}

/// An empty store gets one ring, and one that was acknowledged is never exchanged.
#[tokio::test]
async fn an_empty_store_gets_one_ring_whatever_fails() {
    for fault in [Fault::Before, Fault::After, Fault::Conflict] {
        for nth in 0..4 {
            let store = Arc::new(TestStore::new(MemoryStore::default()));
            let (master, _) = MasterKey::generate().unwrap();
            let clock = Arc::new(at_start());
            let open = || Vault::open(store.clone(), &master, clock.clone());
            store.plan_any(nth, fault);
            let first = open().await;
            assert_eq!(
                store.clear() == 0,
                nth < 3,
                "three calls open an empty store"
            );
            let (one, other) = (open().await.unwrap(), open().await.unwrap());
            let tag = |vault: &Vault| vault.ring().lookup().tag(&[b"x"]);
            assert_eq!(tag(&one), tag(&other));
            if let Ok(first) = first {
                assert_eq!(tag(&first), tag(&one), "{fault:?} at call {nth}");
            }
        }
    }
}

/// What a response did not say, the second attempt does: the caller notices nothing, and nothing is done
/// twice.
#[tokio::test]
async fn a_lost_answer_is_asked_for_again() {
    let world = World::new().await;
    let ann = session("ann");
    let lose = |operation| world.store.plan(operation, 0, Fault::After);
    let (_, state) = issue_state(&world.vault, "main");
    lose(Operation::Write);
    let made = world.vault.create_session(&state, b"jti", later(1), &ann);
    assert!(matches!(made.await.unwrap(), Transfer::Session(_)));
    lose(Operation::Write);
    let new = world.vault.create_token(None, None).await.unwrap();
    lose(Operation::RaiseExpiry);
    world
        .vault
        .grant(&ann, &new.token, later(10))
        .await
        .unwrap();
    let small = world.vault.create_token(None, None).await.unwrap();
    for (new, length) in [(new, 100_000), (small, 5)] {
        let mut upload = world.vault.begin_upload(&new.upload, MAX).await.unwrap();
        lose(Operation::Write);
        upload.write(vec![7; length].into()).await.unwrap();
        if length > MAX_INLINE {
            lose(Operation::Write);
        }
        upload.commit().await.unwrap();
        assert!(world.read(&new.token).await.unwrap() == vec![7; length]);
    }
    assert_eq!(world.store.clear(), 0, "each answer was lost");

    // What is known to have failed is not repeated.
    world.store.plan(Operation::Write, 0, Fault::Before);
    assert!(world.vault.create_token(None, None).await.is_err());
    world.store.plan(Operation::Write, 0, Fault::Conflict);
    assert!(world.vault.create_token(None, None).await.is_ok());
    world.store.plan_all(Operation::Write, Fault::Conflict);
    let refused = world.vault.create_token(None, None).await;
    assert!(matches!(refused, Err(VaultError::Conflict)));
}

/// What a caller may be told when a call of the store failed.
fn is_expected(doing: Doing, error: &UploadError) -> bool {
    match error {
        UploadError::Vault(VaultError::Store(
            StoreError::Unavailable(_) | StoreError::Unknown(_),
        )) => true,
        // Its first attempt may have done it: see below.
        UploadError::Used => matches!(doing, Doing::Upload | Doing::SmallUpload),
        UploadError::Busy => doing == Doing::Upload,
        UploadError::Vault(VaultError::Conflict) => {
            matches!(doing, Doing::RotateMaster | Doing::AddWrappingKey)
        }
        _ => false,
    }
}

/// Every call of the store, one after the other, fails once or as often as the vault tries; then the
/// caller tries again.
#[tokio::test]
async fn every_call_may_fail_before_or_after_its_effect() {
    for doing in ALL {
        for (fault, times) in [(Fault::Before, 1), (Fault::After, 1), (Fault::After, 2)] {
            let mut nth = 0;
            loop {
                let scene = Scene::new().await;
                for _ in 0..times {
                    // Each counts the calls that it sees: the second fault meets the call after.
                    scene.world.store.plan_any(nth, fault);
                }
                let first = scene.attempt(doing).await;
                let was_met = scene.world.store.clear() < times;
                let context = format!("{doing:?}: {fault:?} {times} times at call {nth}");
                if let Err(error) = &first {
                    assert!(is_expected(doing, error), "{context}: {error}");
                }
                retry(&scene, doing, first, &context).await;
                scene.check(doing).await;
                if !was_met && nth > 40 {
                    panic!("{context}: more calls than expected");
                }
                if !was_met {
                    break;
                }
                nth += 1;
            }
            assert!(nth > 0, "{doing:?} calls the store");
        }
    }
}

/// Tries until it is done, as a client does; a lease that nobody gave back ends by itself.
async fn retry(scene: &Scene, doing: Doing, mut outcome: Result<(), UploadError>, context: &str) {
    for _ in 0..3 {
        // What was given back in the background.
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        match &outcome {
            Ok(()) => return,
            // The answer to the first attempt was lost, not its effect.
            Err(UploadError::Used) => return,
            // The ring was changed by the first attempt, which this process does not know of.
            Err(UploadError::Vault(VaultError::Conflict)) => return,
            Err(_) => {}
        }
        if matches!(outcome, Err(UploadError::Busy)) {
            scene.world.clock.advance(Duration::from_millis(60_000));
        }
        outcome = scene.attempt(doing).await;
        if let Err(error) = &outcome {
            assert!(is_expected(doing, error), "{context}, again: {error}");
        }
    }
    assert!(outcome.is_ok(), "{context}: {outcome:?}");
}
