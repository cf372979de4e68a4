//! The layout of rows and parts in the file.

use bytes::Bytes;
use lunadefend_core::provider::UnixMillis;
use lunadefend_vault::store::{
    BlobId, PartKey, Row, RowAddress, RowKey, StoredRow, Table, WriteId,
};
use redb::{TableDefinition, WriteTransaction};

/// The format of the file that this version writes. It reads all earlier ones: see [`STEPS`].
pub(crate) const FORMAT: u32 = 1;

/// Upgrades a file to the next format, inside its own transaction.
pub(crate) type Step = fn(&WriteTransaction) -> Result<(), redb::Error>;

/// The steps from each format to the next, beginning with format 1.
pub(crate) const STEPS: [Step; FORMAT as usize - 1] = [];

/// `format` -> [`FORMAT`].
pub(crate) const META: TableDefinition<'_, &str, u32> = TableDefinition::new("lunadefend");

/// Table code and key -> expiry, version and value. One tree for all tables: a transaction opens one.
pub(crate) const ROWS: TableDefinition<'_, &[u8; ROW_KEY_LEN], &[u8]> =
    TableDefinition::new("rows");

/// Expiry, table code and key, in the order of expiry, so that a purge reads only expired entries.
///
/// Every row that expires has an entry, and entries may outlive their rows. Removing one early would touch a
/// random page for each write; at its expiry it costs next to nothing.
pub(crate) const EXPIRY: TableDefinition<'_, &[u8; EXPIRY_KEY_LEN], ()> =
    TableDefinition::new("expiry");

/// Blob and index -> part.
pub(crate) const PARTS: TableDefinition<'_, &[u8; PART_KEY_LEN], &[u8]> =
    TableDefinition::new("parts");

pub(crate) const ROW_KEY_LEN: usize = 1 + 32;
pub(crate) const EXPIRY_KEY_LEN: usize = 8 + ROW_KEY_LEN;
pub(crate) const PART_KEY_LEN: usize = 32 + 4;

const LASTING: u8 = 0;
const EXPIRES: u8 = 1;

pub(crate) fn row_key(at: &RowAddress) -> [u8; ROW_KEY_LEN] {
    let mut bytes = [0; ROW_KEY_LEN];
    bytes[0] = at.table.code();
    bytes[1..].copy_from_slice(at.key.as_bytes());
    bytes
}

/// Returns the last key that a row of the table can have.
pub(crate) fn last_row_key(table: Table) -> [u8; ROW_KEY_LEN] {
    let key = RowKey::new([u8::MAX; 32]);
    row_key(&RowAddress { table, key })
}

/// Returns the row's own key, without its table.
pub(crate) fn key_of(bytes: &[u8; ROW_KEY_LEN]) -> RowKey {
    let mut key = [0; 32];
    key.copy_from_slice(&bytes[1..]);
    RowKey::new(key)
}

pub(crate) fn expiry_key(expires_at: UnixMillis, row: &[u8; ROW_KEY_LEN]) -> [u8; EXPIRY_KEY_LEN] {
    let mut bytes = [0; EXPIRY_KEY_LEN];
    bytes[..8].copy_from_slice(&expires_at.get().to_be_bytes());
    bytes[8..].copy_from_slice(row);
    bytes
}

/// Returns the expiry and the row that an entry of [`EXPIRY`] names.
pub(crate) fn split_expiry_key(bytes: &[u8; EXPIRY_KEY_LEN]) -> (UnixMillis, [u8; ROW_KEY_LEN]) {
    let (mut expires_at, mut row) = ([0; 8], [0; ROW_KEY_LEN]);
    expires_at.copy_from_slice(&bytes[..8]);
    row.copy_from_slice(&bytes[8..]);
    (UnixMillis::new(u64::from_be_bytes(expires_at)), row)
}

pub(crate) fn part_key(blob: &BlobId, index: u32) -> [u8; PART_KEY_LEN] {
    let mut bytes = [0; PART_KEY_LEN];
    bytes[..32].copy_from_slice(blob.as_bytes());
    bytes[32..].copy_from_slice(&index.to_be_bytes());
    bytes
}

/// Returns the blob that a part belongs to, and its number in it.
pub(crate) fn split_part_key(bytes: &[u8; PART_KEY_LEN]) -> PartKey {
    let (mut blob, mut number) = ([0; 32], [0; 4]);
    blob.copy_from_slice(&bytes[..32]);
    number.copy_from_slice(&bytes[32..]);
    (BlobId::new(blob), u32::from_be_bytes(number))
}

pub(crate) fn encode_row(row: &Row, written_by: WriteId) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(1 + 8 + 16 + row.value.len());
    match row.expires_at {
        None => bytes.push(LASTING),
        Some(at) => {
            bytes.push(EXPIRES);
            bytes.extend_from_slice(&at.get().to_be_bytes());
        }
    }
    bytes.extend_from_slice(written_by.as_bytes());
    bytes.extend_from_slice(&row.value);
    bytes
}

pub(crate) fn decode_row(bytes: &[u8]) -> Result<StoredRow, redb::Error> {
    let (kind, rest) = bytes.split_first().ok_or_else(not_a_row)?;
    let (expires_at, rest) = match *kind {
        LASTING => (None, rest),
        EXPIRES => {
            let (at, rest) = rest.split_first_chunk::<8>().ok_or_else(not_a_row)?;
            (Some(UnixMillis::new(u64::from_be_bytes(*at))), rest)
        }
        _ => return Err(not_a_row()),
    };
    let (written_by, value) = rest.split_first_chunk::<16>().ok_or_else(not_a_row)?;
    Ok(StoredRow {
        row: Row {
            value: Bytes::copy_from_slice(value),
            expires_at,
        },
        written_by: WriteId::new(*written_by),
    })
}

fn not_a_row() -> redb::Error {
    redb::Error::Corrupted("a row is not in the form in which rows are written".to_owned())
}
