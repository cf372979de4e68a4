//! Parts of values: when they are durable, and what becomes of a value of which some were lost.

use super::*;

/// Between two durable commits parts are in memory only. When they are lost with it, their value must
/// not be finished.
#[tokio::test]
async fn a_value_whose_parts_a_failure_lost_is_never_finished() {
    let (_directory, path) = temporary();
    let disk = Disk::new();
    let store = on(&disk, &path).unwrap();
    let part = || Bytes::from(vec![7; 60_000]);
    let mut finished = store.create(whole(2)).await.unwrap();
    finished.write(part()).await.unwrap();
    finished.finish().await.unwrap();
    let mut lost = store.create(whole(1)).await.unwrap();
    lost.write(part()).await.unwrap();

    disk.writes_left.store(0, Ordering::SeqCst);
    assert!(write(&store, vec![insert(1, large(1))]).await.is_err());
    disk.mend();
    store.check().await.unwrap();

    assert_eq!(store.read(whole(1), 0).await.unwrap(), None, "it is gone");
    let more = lost.write(part()).await;
    assert!(matches!(more, Err(StoreError::Unavailable(_))), "{more:?}");
    let end = lost.finish().await;
    assert!(matches!(end, Err(StoreError::Unavailable(_))), "{end:?}");
    // What was finished is there, and what begins now can be.
    let found = store.read(whole(2), 0).await.unwrap();
    assert_eq!(found.map(|part| part.len()), Some(60_000));
    let mut again = store.create(whole(3)).await.unwrap();
    again.write(part()).await.unwrap();
    again.finish().await.unwrap();
}

/// An end that was acknowledged is durable, whatever fails next.
#[tokio::test]
async fn the_end_of_a_value_makes_its_parts_durable() {
    let (_directory, path) = temporary();
    let disk = Disk::new();
    let store = on(&disk, &path).unwrap();
    let mut writer = store.create(whole(1)).await.unwrap();
    for _ in 0..5 {
        writer.write(Bytes::from(vec![7; 60_000])).await.unwrap();
    }
    let before = disk.syncs.load(Ordering::SeqCst);
    writer.finish().await.unwrap();
    assert!(disk.syncs.load(Ordering::SeqCst) > before);
    disk.writes_left.store(0, Ordering::SeqCst);
    assert!(write(&store, vec![insert(1, large(1))]).await.is_err());
    disk.mend();
    store.check().await.unwrap();
    for part in 0..5 {
        let found = store.read(whole(1), part).await.unwrap();
        assert_eq!(found.map(|part| part.len()), Some(60_000));
    }
}

/// What a store has accepted and not written is bounded, however many parts come in a row.
#[tokio::test]
async fn parts_are_made_durable_every_few_megabytes() {
    let (_directory, path) = temporary();
    let disk = Disk::new();
    let store = on(&disk, &path).unwrap();
    let mut parts = store.create(whole(1)).await.unwrap();
    let before = disk.syncs.load(Ordering::SeqCst);
    let megabytes = 4 * job::MAX_GROUP_BYTES / (1024 * 1024);
    for index in 0..16 * megabytes as u32 {
        let part = Bytes::from(vec![index as u8; 64 * 1024]);
        parts.write(part).await.unwrap();
    }
    let syncs = disk.syncs.load(Ordering::SeqCst) - before;
    assert!((3..40).contains(&syncs), "{syncs}: seldom, and not never");
}
