//! What an operator does to the file.

use super::*;
use crate::{
    compact,
    layout::{EXPIRY, expiry_key, row_key},
};

async fn write(store: &EmbeddedStore, writes: Vec<Write>) {
    let written = store.write(&batch(writes), EPOCH).await;
    assert_eq!(written.unwrap(), WriteOutcome::Applied);
}

#[tokio::test]
async fn a_compacted_file_is_smaller_and_has_all_that_is_left() {
    let (_directory, path) = temporary();
    let store = open(&path).unwrap();
    let large = |number| Row::lasting(Bytes::from(vec![number as u8; 100_000]));
    for number in 0..200 {
        write(&store, vec![insert(number, large(number))]).await;
    }
    // What is left is spread over the file, up to its end.
    for number in (0..200).filter(|number| number % 50 != 49) {
        let (at, change) = (at(number), Change::Delete);
        write(&store, vec![Write { at, change }]).await;
    }
    let options = EmbeddedOptions::default();
    let in_use = compact(&path, &options);
    assert!(matches!(in_use, Err(OpenError::InUse { .. })));
    drop(store);
    let before = fs::metadata(&path).unwrap().len();
    compact(&path, &options).unwrap();
    let after = fs::metadata(&path).unwrap().len();
    assert!(after < before / 2, "{after} of {before}");

    let store = open(&path).unwrap();
    let left = store.scan(Table::Token, None, 100).await.unwrap();
    assert_eq!(left.len(), 4);
    assert_eq!(left[0].1.row, large(49));
    let missing = compact(&path.with_extension("missing"), &options);
    assert!(matches!(missing, Err(OpenError::File { .. })));
}

#[tokio::test]
async fn a_row_that_no_purge_would_find_is_counted() {
    let (_directory, path) = temporary();
    let store = open(&path).unwrap();
    write(&store, (0..5).map(|n| insert(n, row(n))).collect()).await;
    write(&store, vec![insert(9, Row::lasting(Bytes::new()))]).await;
    assert_eq!(store.count_unindexed().unwrap(), 0);
    drop(store);

    let database = Database::open(&path).unwrap();
    let change = database.begin_write().unwrap();
    let key = expiry_key(UnixMillis::new(1_003), &row_key(&at(3)));
    change.open_table(EXPIRY).unwrap().remove(&key).unwrap();
    change.commit().unwrap();
    drop(database);
    assert_eq!(open(&path).unwrap().count_unindexed().unwrap(), 1);
}

/// Also when the file is opened again meanwhile, after a failure: then it ends, and keeps nobody from the file.
#[tokio::test]
async fn a_snapshot_keeps_nobody_from_the_file() {
    let (_directory, path) = temporary();
    let store = open(&path).unwrap();
    write(&store, vec![insert(1, row(1))]).await;
    let snapshot = store.snapshot().await.unwrap().unwrap();
    drop(store);
    let again = open(&path).unwrap();
    write(&again, vec![insert(2, row(2))]).await;
    assert!(snapshot.scan(Table::Token, None, 9).await.is_err());
    assert_eq!(again.scan(Table::Token, None, 9).await.unwrap().len(), 2);
}
