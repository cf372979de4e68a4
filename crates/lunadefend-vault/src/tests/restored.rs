//! What must not come back with a backup.

use super::{
    backups::{OnDisk, bytes},
    *,
};
use crate::store::Store;
use std::path::PathBuf;

const JWT_EXPIRES: UnixMillis = UnixMillis::new(START.get() + 3_600_000);
const READ: ReadId = ReadId::new([1; 16]);

/// A world whose store was restored from `bytes`, a minute later.
pub(super) async fn restored_from(
    world: &World,
    bytes: &[u8],
    lists: &[PathBuf],
) -> (World, Restored) {
    let disk = OnDisk::new(bytes);
    let backup = disk.open().unwrap();
    let store = Arc::new(TestStore::new(MemoryStore::default()));
    let clock = world.clock.clone();
    let masters = MasterKeys::from(&world.master);
    let done = restore(&backup, &*store, &masters, lists, &clock, |_| {}).await;
    let vault = Vault::open(store.clone(), &world.master, Arc::new(clock.clone()));
    let there = World {
        vault: vault.await.unwrap(),
        store,
        clock,
        master: world.master.clone(),
        next_master: world.next_master.clone(),
    };
    (there, done.unwrap())
}

pub(super) async fn found_wrong(store: &dyn Store, master: &MasterKey) -> (Checked, Vec<String>) {
    let mut findings = Vec::new();
    let masters = MasterKeys::from(master);
    let checked = check(store, &masters, |finding| {
        findings.push(finding.to_string())
    });
    (checked.await.unwrap(), findings)
}

async fn limited(world: &World, owner: &SessionId, value: &str) -> TokenId {
    let request = Tokenization {
        value: Some(&inline(value)),
        reads: Reads::new(3),
        owner: Some(Owner {
            session: owner,
            granted_until: later(3_600_000),
            quota: None,
        }),
        ..Tokenization::default()
    };
    match world.vault.tokenize(&request).await.unwrap() {
        Tokenized::Stored(token) => token,
        Tokenized::Waiting(new) => panic!("waits for its value: {new:?}"),
    }
}

async fn values(world: &World, session: &SessionId, token: &TokenId) -> Option<Vec<u8>> {
    let tokens = [token.clone()];
    let found = world
        .vault
        .read_values(session, &tokens, READ, 10_000)
        .await;
    match found.unwrap().pop().unwrap() {
        Found::Value { value, .. } => Some(value.expose_secret().to_vec()),
        _ => None,
    }
}

#[tokio::test]
async fn what_gave_access_before_gives_none_after() {
    let world = World::new().await;
    let ann = session("ann");
    let long = vec![7; 100_000];
    let (small, large) = (world.token(b"078-05-1120").await, world.token(&long).await);
    let counted = limited(&world, &ann, "once").await;
    let waiting = world.vault.create_token(None, None).await.unwrap();
    world
        .vault
        .grant(&ann, &small, later(3_600_000))
        .await
        .unwrap();
    let state = world
        .vault
        .issue_state("main", StateHolder::Redirect)
        .unwrap();
    let (_, claims) = issue_state(&world.vault, "main");
    let made = world
        .vault
        .create_session(&claims, b"jti", JWT_EXPIRES, &ann);
    let handle = made.await.unwrap().handle().unwrap();
    let issued = world
        .vault
        .issue_download(&ann, &small, later(60_000))
        .await;
    let url = world
        .vault
        .seal_download(&issued.unwrap().unwrap())
        .unwrap();
    let upload = world
        .vault
        .sign_upload(&upload_url(&waiting, later(900_000)));
    assert_eq!(values(&world, &ann, &counted).await.unwrap(), b"once");
    world
        .vault
        .end_session(&session("bob"), later(7_200_000))
        .await
        .unwrap();
    let deleted = world.token(b"deleted").await;
    world
        .vault
        .delete_tokens(std::slice::from_ref(&deleted), later(7_200_000))
        .await
        .unwrap();

    let backup = bytes(&world.vault).await;
    world.clock.advance(Duration::from_secs(1));
    let (there, done) = restored_from(&world, &backup, &[]).await;
    // Two grants, a session, and the uploads that were spent or are open.
    assert_eq!((done.dropped, done.read, done.deletions), (7, 1, 0));
    assert_eq!(there.vault.restored_at(), Some(later(1_000)));
    assert_eq!(done.at, later(1_000));
    let (checked, findings) = found_wrong(&*there.store, &there.master).await;
    assert_eq!((findings, checked.long_values), (vec![], 1));

    // Grant, session, state and URLs.
    assert!(
        there
            .vault
            .grant_expiry(&ann, &small)
            .await
            .unwrap()
            .is_none()
    );
    let handle = handle.expose_secret();
    assert!(world.vault.session(handle).await.unwrap().is_some());
    assert!(there.vault.session(handle).await.unwrap().is_none());
    let state = state.state.expose_secret();
    assert!(world.vault.check_state(state).is_ok());
    assert!(there.vault.check_state(state).is_err());
    there
        .vault
        .grant(&ann, &small, later(3_600_000))
        .await
        .unwrap();
    assert!(world.vault.open_ticket(&url).is_ok());
    assert!(there.vault.open_ticket(&url).is_err());
    assert!(world.vault.verify_upload(&upload).is_ok());
    assert!(there.vault.verify_upload(&upload).is_err());
    let begun = there.vault.begin_upload(&waiting.upload, MAX).await;
    assert!(matches!(begun, Err(UploadError::Unknown)));

    // What was used, ended and deleted before the backup stays so.
    let spent = there.vault.spend_jwt_once(b"jti", JWT_EXPIRES).await;
    assert!(!spent.unwrap());
    assert!(there.vault.is_ended(&session("bob")).await.unwrap());
    there
        .vault
        .grant(&ann, &deleted, later(3_600_000))
        .await
        .unwrap();
    assert!(
        there
            .vault
            .grant_expiry(&ann, &deleted)
            .await
            .unwrap()
            .is_none()
    );

    // Values are there, those whose reads are counted are not.
    assert_eq!(there.read(&small).await.unwrap(), b"078-05-1120");
    assert_eq!(there.read(&large).await.unwrap(), long);
    there
        .vault
        .grant(&ann, &counted, later(3_600_000))
        .await
        .unwrap();
    assert_eq!(values(&there, &ann, &counted).await, None);
    let issued = there
        .vault
        .issue_download(&ann, &counted, later(60_000))
        .await;
    assert!(issued.unwrap().is_none());
    // One that is made later is read as often as it may be.
    there.clock.advance(Duration::from_millis(1));
    let new = limited(&there, &ann, "new").await;
    assert_eq!(values(&there, &ann, &new).await.unwrap(), b"new");
    // New states and URLs are good.
    let (_, claims) = issue_state(&there.vault, "main");
    let made = there
        .vault
        .create_session(&claims, b"new", JWT_EXPIRES, &ann)
        .await;
    assert!(made.unwrap().handle().is_some());
}

/// A clock of this machine that is behind refuses nothing less.
#[tokio::test]
async fn a_clock_that_is_behind_does_not_matter() {
    let world = World::new().await;
    let ann = session("ann");
    let counted = limited(&world, &ann, "once").await;
    let backup = bytes(&world.vault).await;
    world
        .clock
        .set(START.saturating_sub(Duration::from_secs(3_600)));
    let (there, done) = restored_from(&world, &backup, &[]).await;
    assert_eq!(done.at, START);
    there
        .vault
        .grant(&ann, &counted, later(3_600_000))
        .await
        .unwrap();
    assert_eq!(values(&there, &ann, &counted).await, None);
}

/// At each of its calls, before and after what it does.
#[tokio::test]
async fn a_restore_that_was_broken_off_is_no_store_until_it_is_run_again() {
    let world = World::new().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deletions");
    let list = DeletionList::open(&path).unwrap();
    let vault = world.vault.clone().with_deletions(list);
    let gone = world.token(&vec![7; 100_000]).await;
    let stays = world.token(&vec![8; 100_000]).await;
    world
        .vault
        .grant(&session("ann"), &stays, later(60_000))
        .await
        .unwrap();
    let disk = OnDisk::new(&bytes(&world.vault).await);
    vault.delete_tokens(&[gone], later(60_000)).await.unwrap();
    let backup = disk.open().unwrap();
    let masters = MasterKeys::from(&world.master);
    let lists = [path];
    for fault in [Fault::Before, Fault::After] {
        let (mut skip, mut unfinished) = (0, 0);
        loop {
            let store = Arc::new(TestStore::new(MemoryStore::default()));
            store.plan_any(skip, fault);
            let run = || restore(&backup, &*store, &masters, &lists, &world.clock, |_| {});
            let first = run().await;
            if store.clear() > 0 {
                assert!(first.is_ok());
                break;
            }
            let open = || Vault::open(store.clone(), &world.master, Arc::new(world.clock.clone()));
            if first.is_err() {
                let written = store.row(store::copy_mark()).await.is_some();
                if written {
                    unfinished += 1;
                    let opened = open().await;
                    assert!(matches!(opened, Err(VaultError::UnfinishedCopy)), "{skip}");
                    run().await.unwrap();
                }
                let complete = store.row(Ring::own_address()).await.is_some();
                assert!(complete || !written, "{skip}");
            }
            if store.row(Ring::own_address()).await.is_some() {
                let opened = open().await.unwrap();
                assert_eq!(opened.restored_at(), Some(START));
                assert!(store.rows(Table::Grant).await.is_empty());
                assert_eq!(store.blobs().await.len(), 1);
                let (_, findings) = found_wrong(&*store, &world.master).await;
                assert_eq!(findings, [""; 0], "{skip}");
            }
            skip += 1;
        }
        assert!(unfinished > 20, "{unfinished} of {skip}");
    }
}

#[tokio::test]
async fn a_store_restored_by_other_means_is_fenced_in_place() {
    let world = World::new().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deletions");
    let list = DeletionList::open(&path).unwrap();
    let (ann, gone) = (session("ann"), world.token(b"gone").await);
    let stays = world.token(b"stays").await;
    world
        .vault
        .grant(&ann, &stays, later(60_000))
        .await
        .unwrap();
    let counted = limited(&world, &ann, "once").await;
    let (issued, claims) = issue_state(&world.vault, "main");
    let made = world
        .vault
        .create_session(&claims, b"jti", JWT_EXPIRES, &ann);
    let handle = made.await.unwrap().handle().unwrap();

    // What a backup of its database brought back: the list is ahead of the store.
    let other = Arc::new(TestStore::new(MemoryStore::default()));
    store::copy(&*world.store, &*other, |_| {}).await.unwrap();
    let vault = world.vault.clone().with_deletions(list);
    vault
        .delete_tokens(std::slice::from_ref(&gone), later(60_000))
        .await
        .unwrap();

    let masters = MasterKeys::from(&world.master);
    let lists = [path];
    let fence = || restored(&*other, &masters, &lists, &world.clock);
    for skip in 0.. {
        other.plan_any(skip, Fault::Before);
        let done = fence().await;
        if other.clear() > 0 {
            assert_eq!(done.unwrap().deletions, 1);
            break;
        }
        // Each attempt goes on where the last one ended; once it began no vault opens the store.
        let opened = Vault::open(other.clone(), &world.master, Arc::new(world.clock.clone()));
        let marked = other.row(store::copy_mark()).await.is_some();
        assert_eq!(opened.await.is_err(), marked, "{skip}");
    }
    let there = World {
        vault: Vault::open(other.clone(), &world.master, Arc::new(world.clock.clone()))
            .await
            .unwrap(),
        store: other,
        ..world
    };
    assert_eq!(there.vault.restored_at(), Some(START));
    assert!(
        there
            .vault
            .session(handle.expose_secret())
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        there
            .vault
            .check_state(issued.state.expose_secret())
            .is_err()
    );
    for token in [&stays, &counted] {
        assert!(
            there
                .vault
                .grant_expiry(&ann, token)
                .await
                .unwrap()
                .is_none()
        );
    }
    there
        .vault
        .grant(&ann, &counted, later(60_000))
        .await
        .unwrap();
    assert_eq!(values(&there, &ann, &counted).await, None);
    there.vault.grant(&ann, &gone, later(60_000)).await.unwrap();
    assert_eq!(values(&there, &ann, &gone).await, None);
    assert_eq!(there.read(&stays).await.unwrap(), b"stays");
    let (_, findings) = found_wrong(&*there.store, &there.master).await;
    assert_eq!(findings, [""; 0]);
}
