mod failures;

use super::*;
use futures_util::future::join_all;
use lunadefend_vault::store::conformance;
use redb::{Database, TableDefinition};
use std::{fs, path::PathBuf};
use tempfile::TempDir;

fn temporary() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store");
    (directory, path)
}

fn open(path: &Path) -> Result<EmbeddedStore, StoreError> {
    EmbeddedStore::open(path, &EmbeddedOptions::default())
}

fn insert(number: u64, row: Row) -> Write {
    Write::Insert {
        table: Table::Token,
        key: key(number),
        row,
    }
}

fn key(number: u64) -> RowKey {
    let mut bytes = [7; 32];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    RowKey::new(bytes)
}

fn row(number: u64) -> Row {
    Row::until(1_000 + number, Bytes::from(vec![number as u8; 40]))
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
    let blob = BlobId::new([3; 32]);
    let store = open(&path).unwrap();
    let batch = vec![
        insert(1, row(1)),
        Write::Put {
            table: Table::Blob,
            key: blob.row_key(),
            row: Row::lasting(Bytes::new()),
        },
    ];
    assert_eq!(store.write(batch, 0).await.unwrap(), Written::Done);
    let written = store.put_chunk(&blob, 0, "chunk".into()).await.unwrap();
    assert_eq!(written, Written::Done);
    drop(store);

    // Dropping has ended the thread and freed the file.
    let store = open(&path).unwrap();
    let found = store.get(Table::Token, &key(1)).await.unwrap();
    assert_eq!(found, Some(row(1)));
    let chunk = store.get_chunk(&blob, 0).await.unwrap();
    assert_eq!(chunk.as_deref(), Some(b"chunk".as_slice()));
    assert_eq!(store.purge_expired(1_001).await.unwrap(), 1);
}

/// Of many batches in one transaction those in conflict fail and the others do not.
#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_is_one_batches_own() {
    let store = Arc::new(EmbeddedStore::in_memory().unwrap());
    for round in 0..20_u64 {
        let tasks = (0..200_u64).map(|number| {
            let store = Arc::clone(&store);
            let at = round * 1_000 + number / 2;
            let batch = vec![
                insert(at, row(number)),
                insert(round * 1_000 + 500 + number, row(number)),
            ];
            tokio::spawn(async move { store.write(batch, 0).await.unwrap() })
        });
        let done = join_all(tasks).await;
        let done: Vec<bool> = done
            .into_iter()
            .map(|written| written.unwrap() == Written::Done)
            .collect();
        for (pair, written) in done.chunks(2).enumerate() {
            assert_ne!(written[0], written[1], "one of two");
            let winner = round * 1_000 + 500 + 2 * pair as u64 + u64::from(written[1]);
            let loser = round * 1_000 + 500 + 2 * pair as u64 + u64::from(written[0]);
            let get = |number| {
                let key = key(number);
                let store = Arc::clone(&store);
                async move { store.get(Table::Token, &key).await.unwrap() }
            };
            assert!(get(winner).await.is_some());
            assert!(get(loser).await.is_none());
        }
    }
}

#[test]
fn a_store_has_one_process_at_a_time() {
    let (_directory, path) = temporary();
    let first = open(&path).unwrap();
    let error = open(&path).unwrap_err();
    assert!(matches!(&error, StoreError::InUse { path: named } if *named == path));
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
        assert!(matches!(error, StoreError::NotAStore { .. }), "{error:?}");
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
    assert!(matches!(error, StoreError::NotAStore { .. }), "{error:?}");

    for path in [directory.path().to_owned(), path.join("x")] {
        let error = open(&path).unwrap_err();
        assert!(matches!(error, StoreError::Open { .. }), "{error:?}");
    }
}

#[test]
fn a_newer_format_is_refused() {
    let (_directory, path) = temporary();
    drop(open(&path).unwrap());
    let database = Database::create(&path).unwrap();
    let write = database.begin_write().unwrap();
    let mut meta = write.open_table(layout::META).unwrap();
    meta.insert("format", 2).unwrap();
    drop(meta);
    write.commit().unwrap();
    drop(database);
    let error = open(&path).unwrap_err();
    assert!(matches!(
        error,
        StoreError::TooNew {
            found: 2,
            known: 1,
            ..
        }
    ));
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
    let batch = (0..ROWS_BEFORE).map(|number| insert(number, row(number)));
    let written = store.write(batch.collect(), 0).await.unwrap();
    assert_eq!(written, Written::Done);
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
                    matches!(error, StoreError::Corrupt(_) | StoreError::NotAStore { .. }),
                    "{error:?}"
                );
                refused += 1;
                continue;
            }
        };
        for number in 0..ROWS_BEFORE {
            let found = store.get(Table::Token, &key(number)).await.unwrap();
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
            let _ = store.get(Table::Token, &key(number)).await;
        }
        let _ = store.write(vec![insert(ROWS_BEFORE, row(1))], 0).await;
        let _ = store.purge_expired(u64::MAX).await;
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
