//! Parts of values: when they are durable, and what becomes of a value of which some were lost.

use super::*;
use crate::blobs::AHEAD;
use futures_util::FutureExt;

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
    // A job that is no part would make it durable.
    while store.read(whole(1), 0).await.unwrap().is_none() {
        tokio::task::yield_now().await;
    }

    disk.writes_left.store(0, Ordering::SeqCst);
    assert!(write(&store, vec![insert(1, large(1))]).await.is_err());
    disk.mend();
    store.check().await.unwrap();

    assert_eq!(store.read(whole(1), 0).await.unwrap(), None, "it is gone");
    lost.write(part()).await.unwrap();
    let end = lost.finish().await;
    assert!(matches!(end, Err(StoreError::Unavailable(_))), "{end:?}");
    // What was finished is there, and what begins now can be.
    let found = store.read(whole(2), 0).await.unwrap();
    assert_eq!(found.map(|part| part.len()), Some(60_000));
    let mut again = store.create(whole(3)).await.unwrap();
    again.write(part()).await.unwrap();
    again.finish().await.unwrap();
}

/// Parts are on their way together. One of them may fail while the disk does, and the later ones succeed.
#[tokio::test]
async fn a_value_of_which_one_part_failed_is_never_finished() {
    let (_directory, path) = temporary();
    let disk = Disk::new();
    let store = on(&disk, &path).unwrap();
    let part = || Bytes::from(vec![7; 60_000]);
    for is_asked_again in [false, true] {
        disk.writes_left.store(0, Ordering::SeqCst);
        assert!(write(&store, vec![insert(1, large(1))]).await.is_err());
        let mut writer = store.create(whole(1)).await.unwrap();
        writer.write(part()).await.unwrap();
        assert!(store.check().await.is_err(), "the part has failed, too");

        disk.mend();
        store.check().await.unwrap();
        if is_asked_again {
            let asked = (0..=AHEAD).map(|_| part());
            let mut told = false;
            for part in asked {
                told |= writer.write(part).await.is_err();
            }
            assert!(told, "not before the end");
        } else {
            writer.write(part()).await.unwrap();
        }
        let end = writer.finish().await;
        assert!(end.is_err(), "{end:?}");
    }
}

/// While the thread waits for the disk the parts of a value go on to arrive: as many as have a place.
#[tokio::test]
async fn parts_do_not_wait_for_the_disk_while_they_have_places() {
    let (_directory, path) = temporary();
    let disk = Disk::new();
    let store = on(&disk, &path).unwrap();
    let part = |index: usize| Bytes::from(vec![index as u8; 60_000]);
    let mut alone = store.create(whole(1)).await.unwrap();
    let mut writer = store.create(whole(2)).await.unwrap();

    let held = disk.held.lock().unwrap();
    let batch = batch(vec![insert(1, large(1))]);
    let mut row = store.write(&batch, UnixMillis::new(0));
    assert!((&mut row).now_or_never().is_none(), "it waits for the disk");
    for index in 0..AHEAD {
        let written = writer.write(part(index)).now_or_never();
        written.expect("it has a place").unwrap();
    }
    let mut without = writer.write(part(AHEAD));
    assert!((&mut without).now_or_never().is_none());
    // A blob that has no place may still have one part on its way.
    let mut one = alone.write(part(0));
    assert!((&mut one).now_or_never().is_none());
    drop(held);

    assert_eq!(row.await.unwrap(), WriteOutcome::Applied);
    without.await.unwrap();
    one.await.unwrap();
    writer.finish().await.unwrap();
    alone.finish().await.unwrap();
    for index in 0..=AHEAD {
        let found = store.read(whole(2), index as u32).await.unwrap();
        assert_eq!(found, Some(part(index)), "{index}");
    }
    assert_eq!(store.ahead.available_permits(), AHEAD);
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
    // It comes behind the parts that are still on their way.
    store.check().await.unwrap();
    let syncs = disk.syncs.load(Ordering::SeqCst) - before;
    assert!((3..40).contains(&syncs), "{syncs}: seldom, and not never");
}
