//! Snapshots: the content of one moment.

use super::{TABLE, at, blob, blobs::store_blob, delete, id, lasting, ok, put, write};
use crate::store::{PartKey, RowKey, Snapshot, Store, StoredRow, WriteOutcome};

/// All rows of one table and all parts, page by page.
async fn content(
    snapshot: &dyn Snapshot,
    limit: usize,
) -> (Vec<(RowKey, StoredRow)>, Vec<(PartKey, usize)>) {
    let (mut rows, mut parts) = (Vec::<(RowKey, StoredRow)>::new(), Vec::new());
    loop {
        let after = rows.last().map(|(key, _)| *key);
        let page = ok(
            snapshot.scan(TABLE, after, limit).await,
            "scan of a snapshot",
        );
        let is_last = page.len() < limit;
        rows.extend(page);
        if is_last {
            break;
        }
    }
    let mut after = None;
    loop {
        let page = ok(snapshot.parts(after, limit).await, "parts of a snapshot");
        let is_last = page.len() < limit;
        after = page.last().map(|(key, _)| *key).or(after);
        parts.extend(page.into_iter().map(|(key, part)| (key, part.len())));
        if is_last {
            break;
        }
    }
    (rows, parts)
}

/// Of a store that has snapshots.
pub(super) async fn one_moment(store: &dyn Store) {
    put(store, id("before", 0), at("snapshot", 0), lasting("before")).await;
    store_blob(store, blob("snapshot before"), 3, 7).await;
    let Some(snapshot) = ok(store.snapshot().await, "snapshot") else {
        return;
    };
    let first = content(&*snapshot, 2).await;

    put(store, id("after", 0), at("snapshot", 0), lasting("after")).await;
    put(store, id("after", 1), at("snapshot", 1), lasting("new")).await;
    store_blob(store, blob("snapshot after"), 2, 7).await;
    ok(store.delete(blob("snapshot before")).await, "delete");
    let gone = write(
        store,
        id("gone", 0),
        vec![delete(at("scan", 0))],
        super::NOW,
    )
    .await;
    assert_eq!(gone, WriteOutcome::Applied);

    assert!(content(&*snapshot, 2).await == first, "it stays as it was");
    assert!(content(&*snapshot, 1000).await == first, "in any pages");
    let (rows, parts) = first;
    let key = at("snapshot", 0).key;
    let found = rows.iter().find(|(found, _)| *found == key);
    assert!(
        found.is_some_and(|(_, held)| held.row == lasting("before")),
        "what was written before is in it"
    );
    assert!(
        rows.is_sorted_by(|(a, _), (b, _)| a < b),
        "rows are in order"
    );
    assert!(
        parts.is_sorted_by(|(a, _), (b, _)| a < b),
        "parts are in order"
    );
    let of_blob = parts
        .iter()
        .filter(|((id, _), _)| *id == blob("snapshot before"));
    let lengths: Vec<_> = of_blob
        .map(|((_, number), length)| (*number, *length))
        .collect();
    assert_eq!(
        lengths,
        [(0, 1024), (1, 1024), (2, 7)],
        "every part is in it"
    );
}
