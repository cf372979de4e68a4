//! What every [`Store`] must do: run [`all`] against yours in a test.

mod chunks;
mod rows;

use super::{BlobId, Row, RowKey, Store, StoreError, Table, Write, Written};
use bytes::Bytes;

/// Runs the whole suite against an empty store.
///
/// It covers each operation, the conditions of writes at their boundaries, races, and what purging
/// takes and leaves. The store is not empty afterwards.
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
/// When the store does not do what the documentation of [`Store`] says, with a text that says what
/// is wrong.
pub async fn all(store: &dyn Store) {
    ok(store.check().await, "check of an empty store");
    rows::round_trip(store).await;
    rows::insert(store).await;
    rows::replace(store).await;
    rows::raise_expiry(store).await;
    rows::batches(store).await;
    rows::races(store).await;
    rows::purge(store).await;
    chunks::chunks(store).await;
    chunks::chunks_of_dead_blobs(store).await;
    ok(store.check().await, "check of a used store");
}

/// A time that the suite calls now, in milliseconds since the Unix epoch.
const NOW: u64 = 1_800_000_000_000;

#[expect(
    clippy::panic,
    reason = "the suite runs in tests and reports as they do"
)]
fn ok<T>(result: Result<T, StoreError>, what: &str) -> T {
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

fn blob(part: &str) -> BlobId {
    BlobId::new(*key(part, 0).as_bytes())
}

fn lasting(value: &'static str) -> Row {
    Row::lasting(Bytes::from_static(value.as_bytes()))
}

fn until(expires_at: u64, value: &'static str) -> Row {
    Row::until(expires_at, Bytes::from_static(value.as_bytes()))
}

async fn get(store: &dyn Store, table: Table, key: RowKey) -> Option<Row> {
    ok(store.get(table, &key).await, "get")
}

async fn write(store: &dyn Store, batch: Vec<Write>, now: u64) -> Written {
    ok(store.write(batch, now).await, "write")
}

async fn put(store: &dyn Store, table: Table, key: RowKey, row: Row) {
    let written = write(store, vec![Write::Put { table, key, row }], NOW).await;
    assert_eq!(written, Written::Done, "a put has no condition");
}
