//! Blobs of the embedded store, where they are more than the contract.

use super::*;
use crate::apply::DELETE_PARTS;
use futures_util::FutureExt;

async fn store_parts(store: &EmbeddedStore, blob: Blob, count: u32) {
    let mut writer = store.create(blob).await.unwrap();
    for index in 0..count {
        writer.write(vec![index as u8; 10].into()).await.unwrap();
    }
    writer.finish().await.unwrap();
}

async fn count_parts(store: &EmbeddedStore, blob: Blob) -> usize {
    let mut count = 0;
    for index in 0..1_000 {
        count += usize::from(store.read(blob, index).await.unwrap().is_some());
    }
    count
}

/// A blob of many parts is deleted in steps. Whoever breaks off in between leaves a blob that is still
/// listed, of which no part is another one, and which a repetition deletes.
#[tokio::test]
async fn a_deletion_that_broke_off_between_two_steps_is_finished_by_the_next() {
    let (_directory, path) = temporary();
    let store = open(&path).unwrap();
    let parts = 3 * DELETE_PARTS as u32 + 5;
    let (condemned, other) = (whole(1), whole(2));
    store_parts(&store, condemned, parts).await;
    store_parts(&store, other, 2).await;

    let mut deletion = store.delete(condemned.id);
    let mut steps = Vec::new();
    loop {
        // The thread does one step for each time that it is asked.
        let ended = (&mut deletion).now_or_never();
        let left = count_parts(&store, condemned).await;
        if steps.last() != Some(&left) {
            steps.push(left);
        }
        if ended.is_some() || left < parts as usize - DELETE_PARTS {
            break;
        }
        tokio::task::yield_now().await;
    }
    drop(deletion);
    // A step that was sent is done, whether somebody waits for it or not.
    store.check().await.unwrap();
    let left = count_parts(&store, condemned).await;
    assert!(left > 0 && left < parts as usize, "{left}: in between");
    for index in 0..parts {
        let part = store.read(condemned, index).await.unwrap();
        assert!(part.is_none_or(|part| part == vec![index as u8; 10]));
    }
    assert_eq!(
        store.list(None, 10).await.unwrap(),
        [condemned.id, other.id]
    );

    // Also by the next process.
    drop(store);
    let store = open(&path).unwrap();
    assert_eq!(store.list(None, 1).await.unwrap(), [condemned.id]);
    store.delete(condemned.id).await.unwrap();
    assert_eq!(store.list(None, 10).await.unwrap(), [other.id]);
    assert_eq!(count_parts(&store, condemned).await, 0);
    assert_eq!(count_parts(&store, other).await, 2);
}

/// A part that was on its way while its blob was deleted is found by the next list.
#[tokio::test]
async fn a_part_that_comes_late_is_listed() {
    let store = EmbeddedStore::in_memory().unwrap();
    let mut writer = store.create(whole(1)).await.unwrap();
    writer.write("early".into()).await.unwrap();
    store.check().await.unwrap();
    assert_eq!(store.list(None, 10).await.unwrap(), [whole(1).id]);
    store.delete(whole(1).id).await.unwrap();
    assert_eq!(store.list(None, 10).await.unwrap(), []);
    writer.write("late".into()).await.unwrap();
    store.check().await.unwrap();
    assert_eq!(store.list(None, 10).await.unwrap(), [whole(1).id]);
    store.delete(whole(1).id).await.unwrap();
    assert_eq!(store.list(None, 10).await.unwrap(), []);
}
