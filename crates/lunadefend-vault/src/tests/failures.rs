//! A store that fails: whichever call it is, before or after its effect, what is told is true, and a
//! repetition ends right.

use super::*;
use crate::store::{self, StoreError};
use std::sync::Mutex;

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
    lose(Operation::Write);
    let mut upload = world.vault.begin_upload(&new.upload, MAX).await.unwrap();
    upload.write("value".into()).await.unwrap();
    lose(Operation::Write);
    upload.commit().await.unwrap();
    assert_eq!(world.read(&new.token).await.unwrap(), b"value");
    assert_eq!(world.store.clear(), 0, "each answer was lost");

    // What is known to have failed is not repeated.
    world.store.plan(Operation::Write, 0, Fault::Before);
    assert!(world.vault.create_token(None, None).await.is_err());
    world.store.plan(Operation::Write, 0, Fault::Conflict);
    let refused = world.vault.create_token(None, None).await;
    assert!(matches!(refused, Err(VaultError::Conflict)));
}

/// What is done, as a client does it, and what must hold once it was acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doing {
    Open,
    Grant,
    RevokeToken,
    Delete,
    CreateToken,
    CountedToken,
    Upload,
    Session,
    EndBrowserSession,
    EndSession,
    IssueDownload,
    Read,
    RotateMaster,
    AddWrappingKey,
    Purge,
}

const ALL: [Doing; 15] = [
    Doing::Open,
    Doing::Grant,
    Doing::RevokeToken,
    Doing::Delete,
    Doing::CreateToken,
    Doing::CountedToken,
    Doing::Upload,
    Doing::Session,
    Doing::EndBrowserSession,
    Doing::EndSession,
    Doing::IssueDownload,
    Doing::Read,
    Doing::RotateMaster,
    Doing::AddWrappingKey,
    Doing::Purge,
];

const QUOTA: Quota = Quota {
    values: 10,
    bytes: 1_000_000,
};

/// All that is there before.
struct Scene {
    world: World,
    token: TokenId,
    waiting: NewToken,
    state: StateClaims,
    handle: SessionHandle,
    issued: IssuedDownload,
    other_master: MasterKey,
    /// Tokens whose making was acknowledged.
    made: Mutex<Vec<NewToken>>,
}

impl Scene {
    async fn new() -> Self {
        let world = World::new().await;
        let ann = session("ann");
        let until = later(1_000_000);
        let new = world.vault.create_token(None, Some((&ann, until))).await;
        let new = new.unwrap();
        world.upload(&new, b"value").await;
        let waiting = world
            .vault
            .create_counted_token(None, (&ann, until), QUOTA)
            .await;
        let (_, used) = issue_state(&world.vault, "main");
        let made = world.vault.create_session(&used, b"old", until, &ann).await;
        let issued = world.vault.issue_download(&ann, &new.token, until).await;
        let (_, state) = issue_state(&world.vault, "main");
        // Something to purge and to sweep.
        let orphan = BlobId::new([1; 32]);
        world.store.set_parts(orphan, vec!["orphan".into()]).await;
        world
            .vault
            .grant(&session("past"), &new.token, START)
            .await
            .unwrap();
        Self {
            token: new.token,
            waiting: waiting.unwrap(),
            state,
            handle: made.unwrap().handle().unwrap(),
            issued: issued.unwrap().unwrap(),
            other_master: MasterKey::generate().unwrap().0,
            made: Mutex::default(),
            world,
        }
    }

    /// One attempt, as the caller that is told of the failure makes it again.
    async fn attempt(&self, doing: Doing) -> Result<(), UploadError> {
        let vault = &self.world.vault;
        let (ann, until) = (session("ann"), later(2_000_000));
        match doing {
            Doing::Open => drop(self.world.reopen(&self.world.master).await?),
            Doing::Grant => vault.grant(&ann, &self.token, until).await?,
            Doing::RevokeToken => vault.revoke_token(&self.token, until).await?,
            Doing::Delete => {
                let tokens = [self.token.clone(), self.waiting.token.clone()];
                vault.delete_tokens(&tokens, until).await?;
            }
            Doing::CreateToken => {
                let new = vault.create_token(None, Some((&ann, until))).await?;
                self.made.lock().unwrap().push(new);
            }
            Doing::CountedToken => {
                let new = vault
                    .create_counted_token(None, (&ann, until), QUOTA)
                    .await?;
                self.made.lock().unwrap().push(new);
            }
            Doing::Upload => {
                let mut upload = vault
                    .begin_upload_within(&self.waiting.upload, MAX, QUOTA)
                    .await?;
                let value = vec![7; 2 * stream::CHUNK_SIZE as usize + 1];
                match upload.write(value.into()).await {
                    Ok(()) => drop(upload.commit().await?),
                    Err(error) => {
                        upload.abort().await?;
                        return Err(error);
                    }
                }
            }
            Doing::Session => {
                let made = vault
                    .create_session(&self.state, b"jti", until, &ann)
                    .await?;
                assert!(
                    matches!(made, Transfer::Session(_) | Transfer::StateUsed),
                    "{made:?}"
                );
            }
            Doing::EndBrowserSession => {
                vault
                    .end_browser_session(self.handle.expose_secret())
                    .await?;
            }
            Doing::EndSession => vault.end_session(&ann, until).await?,
            Doing::IssueDownload => {
                let issued = vault.issue_download(&ann, &self.token, until).await?;
                let download = vault.open_download(&issued.unwrap().download).await?;
                assert!(download.is_some());
            }
            Doing::Read => {
                let download = vault.open_download(&self.issued.download).await?;
                let chunk = download.unwrap().next_chunk().await?;
                assert_eq!(chunk.as_deref(), Some(b"value".as_slice()));
            }
            Doing::RotateMaster => vault.rotate_master(&self.other_master).await?,
            Doing::AddWrappingKey => {
                vault.add_wrapping_key(&self.world.master).await?;
            }
            Doing::Purge => {
                self.world.vault.purge_expired().await?;
            }
        }
        Ok(())
    }

    /// What holds once it was acknowledged, and what always holds.
    async fn check(&self, doing: Doing) {
        let (vault, ann) = (&self.world.vault, session("ann"));
        let handle = self.handle.expose_secret();
        match doing {
            Doing::Grant => {
                let expiry = vault.grant_expiry(&ann, &self.token).await;
                assert_eq!(expiry.unwrap(), Some(later(2_000_000)));
            }
            Doing::RevokeToken => {
                let expiry = vault.grant_expiry(&ann, &self.token).await;
                assert_eq!(expiry.unwrap(), None);
            }
            Doing::Delete => {
                assert!(self.world.store.rows(Table::Value).await.is_empty());
                vault.purge_expired().await.unwrap();
                assert!(self.world.store.blobs().await.is_empty());
                return;
            }
            Doing::Upload => {
                let value = self.world.read(&self.waiting.token).await.unwrap();
                assert_eq!(value.len(), 2 * stream::CHUNK_SIZE as usize + 1);
                let again = vault.begin_upload(&self.waiting.upload, MAX).await;
                assert!(matches!(again, Err(UploadError::Used)));
                let at = rows::quota::address(&vault.ring(), &ann);
                let counted = vault.used(at).await.unwrap();
                let left = QUOTA.bytes - value.len() as u64;
                assert_eq!(counted.bytes_left(QUOTA), left, "counted once");
            }
            Doing::Session => {
                for jti in [b"jti", b"new"] {
                    let until = later(2_000_000);
                    let made = vault.create_session(&self.state, jti, until, &ann).await;
                    assert!(matches!(made.unwrap(), Transfer::StateUsed));
                }
                let (_, fresh) = issue_state(vault, "main");
                let made = vault.create_session(&fresh, b"jti", later(1), &ann).await;
                assert!(matches!(made.unwrap(), Transfer::JwtUsed));
                let sessions = self.world.store.rows(Table::Session).await.len();
                assert!(sessions <= 2, "one state makes one session: {sessions}");
            }
            Doing::EndBrowserSession => {
                assert!(vault.session(handle).await.unwrap().is_none());
                return;
            }
            Doing::EndSession => {
                assert!(vault.is_ended(&ann).await.unwrap());
                assert!(vault.session(handle).await.unwrap().is_none());
                return;
            }
            Doing::RotateMaster => {
                self.world.reopen(&self.other_master).await.unwrap();
            }
            Doing::AddWrappingKey => {
                let again = self.world.reopen(&self.world.master).await.unwrap();
                let version = again.ring().current_version();
                assert!(version >= 2 && version >= vault.ring().current_version());
            }
            Doing::Purge => {
                let past = rows::grant::address(
                    &vault.ring(),
                    &session("past"),
                    &self.token,
                    rows::token::Epoch::FIRST,
                );
                assert_eq!(self.world.store.row(past).await, None);
                let orphan = BlobId::new([1; 32]);
                assert!(!self.world.store.blobs().await.contains(&orphan));
            }
            Doing::CreateToken | Doing::CountedToken => {
                let made = std::mem::take(&mut *self.made.lock().unwrap());
                assert_eq!(made.len(), 1);
                for new in made {
                    let expiry = vault.grant_expiry(&ann, &new.token).await;
                    assert_eq!(expiry.unwrap(), Some(later(2_000_000)));
                    self.world.upload(&new, b"new").await;
                    assert_eq!(self.world.read(&new.token).await.unwrap(), b"new");
                }
            }
            Doing::Open | Doing::IssueDownload | Doing::Read => {}
        }
        assert!(vault.session(handle).await.unwrap().is_some());
        assert_eq!(self.world.read(&self.token).await.unwrap(), b"value");
    }
}

/// What a caller may be told when a call of the store failed.
fn is_expected(doing: Doing, error: &UploadError) -> bool {
    match error {
        UploadError::Vault(VaultError::Store(
            StoreError::Unavailable(_) | StoreError::Unknown(_),
        )) => true,
        // Its first attempt may have done it: see below.
        UploadError::Used => doing == Doing::Upload,
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
