//! The embedded store: the contract, its file, and what may happen to it.

mod blobs;
mod failures;
mod upkeep;

use crate::{
    EmbeddedOptions, EmbeddedStore, OpenError, commit::Pause, file, file::Source, job, layout,
    room::Room,
};
use bytes::Bytes;
use futures_util::future::join_all;
use lunadefend_core::provider::UnixMillis;
use lunadefend_vault::store::{
    Batch, Blob, BlobId, Blobs, Change, Row, RowAddress, RowKey, Rows, Store, StoreError, Table,
    Write, WriteId, WriteOutcome, conformance,
};
use redb::{Database, ReadableDatabase, TableDefinition};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};
use tempfile::TempDir;

fn temporary() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store");
    (directory, path)
}

fn open(path: &Path) -> Result<EmbeddedStore, OpenError> {
    EmbeddedStore::open(path, &EmbeddedOptions::default())
}

const EPOCH: UnixMillis = UnixMillis::new(0);

fn insert(number: u64, row: Row) -> Write {
    Write {
        at: at(number),
        change: Change::Insert(row),
    }
}

fn at(number: u64) -> RowAddress {
    let mut bytes = [7; 32];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    RowAddress {
        table: Table::Token,
        key: RowKey::new(bytes),
    }
}

fn row(number: u64) -> Row {
    let expires_at = UnixMillis::new(1_000 + number);
    Row::until(expires_at, Bytes::from(vec![number as u8; 40]))
}

fn batch(writes: Vec<Write>) -> Batch {
    let id = lunadefend_crypto::random_bytes().unwrap();
    Batch::new(WriteId::new(id), writes).unwrap()
}

async fn write(store: &EmbeddedStore, writes: Vec<Write>) -> Result<WriteOutcome, StoreError> {
    store.write(&batch(writes), EPOCH).await
}

async fn get(store: &EmbeddedStore, number: u64) -> Result<Option<Row>, StoreError> {
    let found = store.get_many(&[at(number)]).await?;
    Ok(found.into_iter().next().unwrap().map(|held| held.row))
}

const fn whole(number: u8) -> Blob {
    Blob {
        id: BlobId::new([number; 32]),
        part_bytes: 64 * 1024,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn conforms_in_memory() {
    conformance::all(&EmbeddedStore::in_memory().unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn conforms_on_disk() {
    let (_directory, path) = temporary();
    let store: Arc<dyn Store> = Arc::new(open(&path).unwrap());
    conformance::all(&store).await;
}

#[tokio::test]
async fn what_was_written_is_there_after_closing() {
    let (_directory, path) = temporary();
    let store = open(&path).unwrap();
    let written = write(&store, vec![insert(1, row(1))]).await;
    assert_eq!(written.unwrap(), WriteOutcome::Applied);
    let mut writer = store.create(whole(3)).await.unwrap();
    writer.write("part".into()).await.unwrap();
    writer.finish().await.unwrap();
    drop(store);

    // Dropping has ended the thread and freed the file.
    let store = open(&path).unwrap();
    assert_eq!(get(&store, 1).await.unwrap(), Some(row(1)));
    let part = store.read(whole(3), 0).await.unwrap();
    assert_eq!(part.as_deref(), Some(b"part".as_slice()));
    let now = UnixMillis::new(1_001);
    assert_eq!(store.purge_expired(now, 10).await.unwrap(), 1);
}

/// A writer of a blob may outlive the store: it neither keeps the file nor the thread.
#[tokio::test]
async fn a_writer_that_outlives_the_store_is_told() {
    let (_directory, path) = temporary();
    let store = open(&path).unwrap();
    let mut writer = store.create(whole(3)).await.unwrap();
    writer.write("part".into()).await.unwrap();
    drop(store);
    let late = writer.write("part".into()).await;
    assert!(matches!(late, Err(StoreError::Closed)));
    assert!(matches!(writer.finish().await, Err(StoreError::Closed)));
    assert!(open(&path).is_ok());
}

/// Of many batches in one transaction those in conflict fail and the others do not.
#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_is_one_batches_own() {
    let store = Arc::new(EmbeddedStore::in_memory().unwrap());
    for round in 0..20_u64 {
        let tasks = (0..200_u64).map(|number| {
            let store = Arc::clone(&store);
            let at = round * 1_000 + number / 2;
            let writes = vec![
                insert(at, row(number)),
                insert(round * 1_000 + 500 + number, row(number)),
            ];
            tokio::spawn(async move { write(&store, writes).await.unwrap() })
        });
        let done = join_all(tasks).await;
        let done: Vec<bool> = done
            .into_iter()
            .map(|written| written.unwrap() == WriteOutcome::Applied)
            .collect();
        for (pair, written) in done.chunks(2).enumerate() {
            assert_ne!(written[0], written[1], "one of two");
            let winner = round * 1_000 + 500 + 2 * pair as u64 + u64::from(written[1]);
            let loser = round * 1_000 + 500 + 2 * pair as u64 + u64::from(written[0]);
            assert!(get(&store, winner).await.unwrap().is_some());
            assert!(get(&store, loser).await.unwrap().is_none());
        }
    }
}

#[test]
fn a_store_has_one_process_at_a_time() {
    let (_directory, path) = temporary();
    let first = open(&path).unwrap();
    let error = open(&path).unwrap_err();
    assert!(matches!(&error, OpenError::InUse { path: named } if *named == path));
    drop(first);
    assert!(open(&path).is_ok());
}

#[test]
fn what_is_not_a_store_is_left_alone() {
    let (directory, path) = temporary();
    for content in [
        b"a letter to my bank".to_vec(),
        vec![0; 4096],
        vec![0xff; 100_000],
    ] {
        fs::write(&path, &content).unwrap();
        let error = open(&path).unwrap_err();
        assert!(matches!(error, OpenError::NotAStore { .. }), "{error:?}");
        assert!(fs::read(&path).unwrap() == content, "nothing was written");
    }

    // Another program's database in the same format of file.
    let foreign = directory.path().join("foreign");
    let database = Database::create(&foreign).unwrap();
    let write = database.begin_write().unwrap();
    let table: TableDefinition<'_, &str, u32> = TableDefinition::new("settings");
    write.open_table(table).unwrap().insert("x", 1).unwrap();
    write.commit().unwrap();
    drop(database);
    let error = open(&foreign).unwrap_err();
    assert!(matches!(error, OpenError::NotAStore { .. }), "{error:?}");

    for path in [directory.path().to_owned(), path.join("x")] {
        let error = open(&path).unwrap_err();
        assert!(matches!(error, OpenError::File { .. }), "{error:?}");
    }
}

#[test]
fn a_newer_format_is_refused() {
    let (_directory, path) = temporary();
    drop(open(&path).unwrap());
    let database = Database::create(&path).unwrap();
    let write = database.begin_write().unwrap();
    let mut meta = write.open_table(layout::META).unwrap();
    meta.insert("format", layout::FORMAT + 1).unwrap();
    drop(meta);
    write.commit().unwrap();
    drop(database);
    let error = open(&path).unwrap_err();
    assert!(matches!(
        error,
        OpenError::TooNew {
            found: 2,
            known: 1,
            ..
        }
    ));
}

/// As it will be when the layout changes: each step once, from whatever format the file has, also when
/// an earlier upgrade broke off in between.
#[test]
fn an_older_format_is_upgraded_step_by_step() {
    const NAMES: TableDefinition<'_, &str, u32> = TableDefinition::new("names");
    fn second(write: &redb::WriteTransaction) -> Result<(), redb::Error> {
        write.open_table(NAMES)?.insert("second", 2)?;
        Ok(())
    }
    fn third(write: &redb::WriteTransaction) -> Result<(), redb::Error> {
        let mut names = write.open_table(NAMES)?;
        let second = names.remove("second")?.map(|value| value.value());
        names.insert("third", second.unwrap_or(0) + 1)?;
        Ok(())
    }
    fn fails(_: &redb::WriteTransaction) -> Result<(), redb::Error> {
        Err(redb::Error::Corrupted("as planned".to_owned()))
    }
    let (_directory, path) = temporary();
    drop(open(&path).unwrap());
    let database = Database::create(&path).unwrap();
    let format = || {
        let read = database.begin_read().unwrap();
        let meta = read.open_table(layout::META).unwrap();
        meta.get("format").unwrap().unwrap().value()
    };
    assert!(file::upgrade(&database, 1, &[second, fails]).is_err());
    assert_eq!(format(), 2, "what was done stays done");
    file::upgrade(&database, 2, &[second, third]).unwrap();
    assert_eq!(format(), 3);
    let read = database.begin_read().unwrap();
    let names = read.open_table(NAMES).unwrap();
    assert_eq!(names.get("third").unwrap().unwrap().value(), 3);
    assert!(names.get("second").unwrap().is_none());
    file::upgrade(&database, 3, &[second, third]).unwrap();
    assert_eq!(format(), 3, "nothing is left to be done");
}

#[cfg(unix)]
#[test]
fn a_new_file_is_its_owners_only() {
    use std::os::unix::fs::PermissionsExt;

    let (_directory, path) = temporary();
    drop(open(&path).unwrap());
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

/// Rows of a store that is going to be damaged.
const ROWS_BEFORE: u64 = 300;

async fn filled(path: &Path) -> Vec<u8> {
    let store = open(path).unwrap();
    for first in (0..ROWS_BEFORE).step_by(100) {
        let rows = (first..first + 100).map(|number| insert(number, row(number)));
        let written = write(&store, rows.collect()).await.unwrap();
        assert_eq!(written, WriteOutcome::Applied);
    }
    drop(store);
    fs::read(path).unwrap()
}

/// Positions spread over the parts of the file that are in use.
fn positions(file: &[u8], count: usize) -> Vec<usize> {
    let used: Vec<usize> = (0..file.len()).filter(|at| file[*at] != 0).collect();
    (0..count)
        .map(|number| used[number * used.len() / count])
        .collect()
}

#[tokio::test]
async fn a_damaged_file_is_refused_or_reads_right() {
    let (_directory, path) = temporary();
    let file = filled(&path).await;
    let mut refused = 0;
    for at in positions(&file, 150) {
        let mut damaged = file.clone();
        damaged[at] ^= 0x40;
        fs::write(&path, &damaged).unwrap();
        let store = match open(&path) {
            Ok(store) => store,
            Err(error) => {
                assert!(
                    matches!(
                        error,
                        OpenError::Store(StoreError::Corrupt(_)) | OpenError::NotAStore { .. }
                    ),
                    "{error:?}"
                );
                refused += 1;
                continue;
            }
        };
        for number in 0..ROWS_BEFORE {
            let found = get(&store, number).await.unwrap();
            assert_eq!(found, Some(row(number)), "byte {at}");
        }
    }
    assert!(refused > 30, "{refused}");
}

/// Without the check at opening, damage is found where it is read; nothing panics, nothing hangs.
#[tokio::test]
async fn damage_that_is_found_late_is_an_error_of_the_call() {
    let (_directory, path) = temporary();
    let file = filled(&path).await;
    let options = EmbeddedOptions::default()
        .check_on_open(false)
        .cache_size(1024 * 1024);
    for at in positions(&file, 60) {
        let mut damaged = file.clone();
        damaged[at] = damaged[at].wrapping_add(1);
        fs::write(&path, &damaged).unwrap();
        let Ok(store) = EmbeddedStore::open(&path, &options) else {
            continue;
        };
        for number in 0..ROWS_BEFORE {
            let _ = get(&store, number).await;
        }
        let _ = write(&store, vec![insert(ROWS_BEFORE, row(1))]).await;
        let _ = store.purge_expired(UnixMillis::MAX, 1_000).await;
        let _ = store.check().await;
    }
}

#[test]
fn errors_and_rows_print_no_content() {
    let shown = format!(
        "{:?} {:?} {:?}",
        insert(1, Row::lasting("canary".into())),
        BlobId::new([9; 32]),
        EmbeddedStore::in_memory().unwrap()
    );
    assert!(!shown.contains("canary"), "{shown}");
    assert!(!shown.contains("9, 9"), "{shown}");
    assert!(!shown.contains("99"), "{shown}");
}
