//! The test suite for every [`Store`]: run [`all`] against yours in a test.

mod blobs;
mod rows;
mod snapshot;
mod writes;

use super::{
    Batch, BatchError, BlobId, Change, Row, RowAddress, RowKey, Store, StoredRow, Table, Write,
    WriteId, WriteOutcome,
};
use bytes::Bytes;
use lunadefend_core::provider::UnixMillis;
use std::time::Duration;

/// Runs the whole suite against an empty store.
///
/// It covers each operation, the conditions of writes at their boundaries, repeated writes, races,
/// purging, and snapshots of stores that have them. The store is not empty afterwards.
///
/// ```
/// use lunadefend_vault::store::{MemoryStore, conformance};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// conformance::all(&MemoryStore::default()).await;
/// # }
/// ```
///
/// # Panics
/// When the store violates the documentation of [`Store`]; the message names the violation.
pub async fn all(store: &dyn Store) {
    ok(store.check().await, "check of an empty store");
    ok(store.check_room().await, "check of the room");
    rows::round_trip(store).await;
    rows::get_many(store).await;
    rows::scan(store).await;
    rows::raise_expiry(store).await;
    rows::purge(store).await;
    writes::insert(store).await;
    writes::replace(store).await;
    writes::batches(store).await;
    writes::largest_batch(store).await;
    writes::repetitions(store).await;
    writes::races(store).await;
    blobs::parts(store).await;
    blobs::deletion(store).await;
    blobs::listing(store).await;
    snapshot::one_moment(store).await;
    ok(store.check().await, "check of a used store");
}

/// The suite's present time.
const NOW: UnixMillis = UnixMillis::new(1_800_000_000_000);

/// That many milliseconds later.
fn after(millis: u64) -> UnixMillis {
    NOW + Duration::from_millis(millis)
}

/// That many milliseconds earlier.
fn before(millis: u64) -> UnixMillis {
    NOW.saturating_sub(Duration::from_millis(millis))
}

#[expect(
    clippy::panic,
    reason = "the suite runs in tests and reports as they do"
)]
fn ok<T, E: std::error::Error>(result: Result<T, E>, what: &str) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{what} failed: {error}"),
    }
}

/// A key that no other part of the suite uses.
fn key(part: &str, number: u64) -> RowKey {
    let mut bytes = [0; 32];
    let part = part.as_bytes();
    bytes[..part.len()].copy_from_slice(part);
    bytes[24..].copy_from_slice(&number.to_be_bytes());
    RowKey::new(bytes)
}

const TABLE: Table = Table::Grant;

fn at(part: &str, number: u64) -> RowAddress {
    let key = key(part, number);
    RowAddress { table: TABLE, key }
}

fn blob(part: &str) -> BlobId {
    BlobId::new(*key(part, 0).as_bytes())
}

fn id(part: &str, number: u64) -> WriteId {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    for (at, byte) in part.bytes().enumerate() {
        bytes[8 + at % 8] ^= byte.rotate_left(u32::try_from(at / 8).unwrap_or(0));
    }
    WriteId::new(bytes)
}

fn lasting(value: &'static str) -> Row {
    Row::lasting(Bytes::from_static(value.as_bytes()))
}

fn until(expires_at: UnixMillis, value: &'static str) -> Row {
    Row::until(expires_at, Bytes::from_static(value.as_bytes()))
}

const fn insert(at: RowAddress, row: Row) -> Write {
    let change = Change::Insert(row);
    Write { at, change }
}

const fn replace(at: RowAddress, expected: WriteId, row: Row) -> Write {
    let change = Change::Replace { expected, row };
    Write { at, change }
}

const fn delete(at: RowAddress) -> Write {
    let change = Change::Delete;
    Write { at, change }
}

async fn held(store: &dyn Store, at: RowAddress) -> Option<StoredRow> {
    let mut rows = ok(store.get_many(&[at]).await, "get_many");
    assert_eq!(rows.len(), 1, "one row was asked for");
    rows.pop().flatten()
}

async fn row(store: &dyn Store, at: RowAddress) -> Option<Row> {
    held(store, at).await.map(|held| held.row)
}

async fn write(
    store: &dyn Store,
    id: WriteId,
    writes: Vec<Write>,
    now: UnixMillis,
) -> WriteOutcome {
    let batch = ok(Batch::new(id, writes), "a batch");
    ok(store.write(&batch, now).await, "write")
}

/// Inserts a row where there is none, as `id`.
async fn put(store: &dyn Store, id: WriteId, at: RowAddress, row: Row) {
    let of_deletion = WriteId::new(id.as_bytes().map(|byte| !byte));
    let written = write(store, of_deletion, vec![delete(at)], NOW).await;
    assert_eq!(written, WriteOutcome::Applied, "a deletion");
    let written = write(store, id, vec![insert(at, row)], NOW).await;
    assert_eq!(written, WriteOutcome::Applied, "an insertion");
}
