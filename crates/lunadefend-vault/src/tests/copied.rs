//! A store is copied into another one, also after it was broken off.

use super::*;
use crate::store::{Copied, CopyError, copy};

/// Longer than a row holds: a value in parts.
const LONG: usize = 200 * 1024;

/// A world with tokens, grants, small values and long ones.
async fn world() -> (World, Vec<(TokenId, Vec<u8>)>) {
    let world = World::new().await;
    let mut values = Vec::new();
    for number in 0..130_u8 {
        let value = match number % 50 {
            0 => vec![number; LONG],
            _ => vec![number; 20],
        };
        let token = world.token(&value).await;
        let ann = session("ann");
        let granted = world.vault.grant(&ann, &token, later(60_000)).await;
        granted.unwrap();
        values.push((token, value));
    }
    (world, values)
}

fn target() -> Arc<TestStore> {
    Arc::new(TestStore::new(MemoryStore::default()))
}

async fn copied(world: &World, target: &TestStore) -> Result<Copied, CopyError> {
    copy(&*world.store, target, |_| {}).await
}

/// The rows and the parts, without the versions of the rows.
async fn content(store: &TestStore) -> (Vec<(RowAddress, Row)>, Vec<(BlobId, Vec<Bytes>)>) {
    let mut rows = Vec::new();
    for table in Table::ALL {
        rows.extend(store.rows(table).await);
    }
    let mut blobs = Vec::new();
    for id in store.blobs().await {
        blobs.push((id, store.parts(id).await));
    }
    (rows, blobs)
}

#[tokio::test]
async fn a_copy_has_every_row_and_value_and_opens_under_the_same_key() {
    let (world, values) = world().await;
    let target = target();
    let done = copied(&world, &target).await.unwrap();
    let (rows, blobs) = content(&world.store).await;
    // But for the key ring, which comes at the end.
    assert_eq!((done.rows, done.values), (rows.len() as u64 - 1, 3));
    assert_eq!(content(&target).await, (rows, blobs));

    let clock = Arc::new(world.clock.clone());
    let vault = Vault::open(target.clone(), &world.master, clock).await;
    let there = World {
        vault: vault.unwrap(),
        store: target,
        ..world
    };
    for (token, value) in &values {
        assert_eq!(there.read(token).await.unwrap(), *value);
    }
}

/// At each of its calls, before and after what it does.
#[tokio::test]
async fn a_copy_that_was_broken_off_goes_on() {
    let (world, _) = world().await;
    let expected = content(&world.store).await;
    for fault in [Fault::Before, Fault::After] {
        let (mut skip, mut broken, mut unfinished) = (0, 0, 0);
        loop {
            let target = target();
            target.plan_any(skip, fault);
            let first = copied(&world, &target).await;
            if target.clear() > 0 {
                assert!(first.is_ok());
                break;
            }
            if let Err(error) = first {
                assert!(matches!(error, CopyError::Target(_)), "{skip}: {error:?}");
                broken += 1;
                let opened =
                    Vault::open(target.clone(), &world.master, Arc::new(world.clock.clone()));
                match opened.await {
                    // It had not begun, or it was complete but for its answer.
                    Ok(_) => {}
                    Err(error) => {
                        assert!(matches!(error, VaultError::UnfinishedCopy), "{error:?}");
                        unfinished += 1;
                        copied(&world, &target).await.unwrap();
                        assert_eq!(content(&target).await, expected, "{skip}");
                    }
                }
            }
            skip += 1;
        }
        assert!(skip > 20, "{skip}");
        // All but the first calls, which look whether each table is empty, and the last, which ends it.
        let looking = Table::ALL.len() + 3;
        assert!(unfinished + looking >= broken, "{unfinished} of {broken}");
        assert!(unfinished > looking, "{unfinished} of {broken}");
    }
}

/// What happened to the source in between happens to the target too.
#[tokio::test]
async fn a_copy_that_goes_on_follows_its_source() {
    let (world, values) = world().await;
    let target = target();
    target.plan(Operation::Finish, 2, Fault::Before);
    copied(&world, &target).await.unwrap_err();

    let gone: Vec<_> = values.iter().map(|(token, _)| token.clone()).collect();
    let deleted = world.vault.delete_tokens(&gone[..60], later(60_000)).await;
    deleted.unwrap();
    world.vault.purge_expired().await.unwrap();
    world.token(&[7; LONG]).await;
    let done = copied(&world, &target).await.unwrap();
    assert!(done.rows_there > 0 && done.rows > 0, "{done:?}");
    assert_eq!(content(&target).await, content(&world.store).await);
}

#[tokio::test]
async fn a_target_with_something_else_is_left_alone() {
    let (world, _) = world().await;
    let other = World::new().await;
    let before = content(&other.store).await;
    let refused = copied(&world, &other.store).await.unwrap_err();
    assert!(matches!(refused, CopyError::Occupied), "{refused:?}");
    assert_eq!(content(&other.store).await, before);

    // A copy of another store that was broken off.
    let target = target();
    target.plan(Operation::Write, 2, Fault::Before);
    copied(&world, &target).await.unwrap_err();
    let refused = copied(&other, &target).await.unwrap_err();
    assert!(matches!(refused, CopyError::Occupied), "{refused:?}");

    // A complete one, which may be in use.
    copied(&world, &target).await.unwrap();
    let refused = copied(&world, &target).await.unwrap_err();
    assert!(matches!(refused, CopyError::Occupied), "{refused:?}");

    // Rows without a ring.
    let target = self::target();
    let at = blob_row();
    target.put(at, Row::lasting(Bytes::from_static(b"x"))).await;
    let refused = copied(&world, &target).await.unwrap_err();
    assert!(matches!(refused, CopyError::Occupied), "{refused:?}");
}

fn blob_row() -> RowAddress {
    RowAddress {
        table: Table::Blob,
        key: RowKey::new([1; 32]),
    }
}

#[tokio::test]
async fn where_there_is_no_store_there_is_nothing_to_copy() {
    let world = World::new().await;
    let (empty, target) = (target(), target());
    let refused = copy(&*empty, &*target, |_| {}).await.unwrap_err();
    assert!(matches!(refused, CopyError::NoStore), "{refused:?}");
    target.plan(Operation::Write, 1, Fault::Before);
    copied(&world, &target).await.unwrap_err();
    let refused = copy(&*target, &*empty, |_| {}).await.unwrap_err();
    assert!(matches!(refused, CopyError::NoStore), "{refused:?}");
    assert_eq!(content(&empty).await, (vec![], vec![]));
}

/// A row appears in the target between the copy and the comparison.
#[tokio::test]
async fn a_copy_of_a_store_in_use_does_not_end() {
    let (world, _) = world().await;
    let target = target();
    let mut is_first = true;
    let mut store = Some(Arc::clone(&world.store));
    let changed = copy(&*world.store, &*target, |_| {
        // Before its table is read the first time is too early: the table of grants comes first.
        if !std::mem::take(&mut is_first) {
            return;
        }
        let Some(store) = store.take() else { return };
        let at = RowAddress {
            table: Table::KeyRing,
            key: RowKey::new([9; 32]),
        };
        let put = async { store.put(at, Row::lasting(Bytes::from_static(b"x"))).await };
        futures_util::FutureExt::now_or_never(put).unwrap();
    });
    let refused = changed.await.unwrap_err();
    assert!(matches!(refused, CopyError::InUse), "{refused:?}");
    let clock = Arc::new(world.clock.clone());
    let opened = Vault::open(target, &world.master, clock).await;
    assert!(matches!(opened, Err(VaultError::UnfinishedCopy)));
}
