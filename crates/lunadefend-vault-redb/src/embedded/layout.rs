//! How rows and chunks lie in the file.

use bytes::Bytes;
use lunadefend_vault::store::{BlobId, Row, RowKey, Table};
use redb::TableDefinition;

/// The format of the file that this version writes.
pub(super) const FORMAT: u32 = 1;

/// `format` -> [`FORMAT`].
pub(super) const META: TableDefinition<'_, &str, u32> = TableDefinition::new("lunadefend");

/// Table code and key -> expiry and value. One tree for all tables: a transaction opens one.
pub(super) const ROWS: TableDefinition<'_, &[u8; ROW_KEY_LEN], &[u8]> =
    TableDefinition::new("rows");

/// Expiry, table code and key, in the order of expiry, so that purging reads what has expired and
/// nothing else.
///
/// There is an entry for every row that expires, and entries may outlive their rows: removing one
/// would touch a random page for each write, while at its time it costs next to nothing.
pub(super) const EXPIRY: TableDefinition<'_, &[u8; EXPIRY_KEY_LEN], ()> =
    TableDefinition::new("expiry");

/// Blob and index -> chunk.
pub(super) const CHUNKS: TableDefinition<'_, &[u8; CHUNK_KEY_LEN], &[u8]> =
    TableDefinition::new("chunks");

pub(super) const ROW_KEY_LEN: usize = 1 + 32;
pub(super) const EXPIRY_KEY_LEN: usize = 8 + ROW_KEY_LEN;
pub(super) const CHUNK_KEY_LEN: usize = 32 + 4;

const LASTING: u8 = 0;
const EXPIRES: u8 = 1;

pub(super) fn row_key(table: Table, key: &RowKey) -> [u8; ROW_KEY_LEN] {
    let mut bytes = [0; ROW_KEY_LEN];
    bytes[0] = table.code();
    bytes[1..].copy_from_slice(key.as_bytes());
    bytes
}

pub(super) fn expiry_key(expires_at: u64, row: &[u8; ROW_KEY_LEN]) -> [u8; EXPIRY_KEY_LEN] {
    let mut bytes = [0; EXPIRY_KEY_LEN];
    bytes[..8].copy_from_slice(&expires_at.to_be_bytes());
    bytes[8..].copy_from_slice(row);
    bytes
}

/// The expiry and the row that an entry of [`EXPIRY`] names.
pub(super) fn split_expiry_key(bytes: &[u8; EXPIRY_KEY_LEN]) -> (u64, [u8; ROW_KEY_LEN]) {
    let (mut expires_at, mut row) = ([0; 8], [0; ROW_KEY_LEN]);
    expires_at.copy_from_slice(&bytes[..8]);
    row.copy_from_slice(&bytes[8..]);
    (u64::from_be_bytes(expires_at), row)
}

/// The blob whose row this is.
pub(super) fn blob_of(row: &[u8; ROW_KEY_LEN]) -> Option<BlobId> {
    if row[0] != Table::Blob.code() {
        return None;
    }
    let mut blob = [0; 32];
    blob.copy_from_slice(&row[1..]);
    Some(BlobId::new(blob))
}

pub(super) fn chunk_key(blob: &BlobId, index: u32) -> [u8; CHUNK_KEY_LEN] {
    let mut bytes = [0; CHUNK_KEY_LEN];
    bytes[..32].copy_from_slice(blob.as_bytes());
    bytes[32..].copy_from_slice(&index.to_be_bytes());
    bytes
}

pub(super) fn encode_row(row: &Row) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(9 + row.value.len());
    match row.expires_at {
        None => bytes.push(LASTING),
        Some(at) => {
            bytes.push(EXPIRES);
            bytes.extend_from_slice(&at.to_be_bytes());
        }
    }
    bytes.extend_from_slice(&row.value);
    bytes
}

pub(super) fn decode_row(bytes: &[u8]) -> Result<Row, redb::Error> {
    match bytes.split_first() {
        Some((&LASTING, value)) => Ok(Row::lasting(Bytes::copy_from_slice(value))),
        Some((&EXPIRES, rest)) => {
            let (at, value) = rest.split_first_chunk::<8>().ok_or_else(not_a_row)?;
            Ok(Row::until(
                u64::from_be_bytes(*at),
                Bytes::copy_from_slice(value),
            ))
        }
        _ => Err(not_a_row()),
    }
}

fn not_a_row() -> redb::Error {
    redb::Error::Corrupted("a row is not in the form in which rows are written".to_owned())
}
