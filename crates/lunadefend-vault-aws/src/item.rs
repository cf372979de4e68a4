//! Rows as items of DynamoDB.
//!
//! | attribute | |
//! |---|---|
//! | `pk` | the number of the table and the first byte of the key: 256 partitions for each table |
//! | `sk` | the key |
//! | `v`, `w` | the sealed value, and the id of the batch that wrote it |
//! | `e` | the expiry in milliseconds; missing when the row has none |
//! | `g` | one of 16 groups, with `e` the key of the index of expiries |
//! | `x` | the time in seconds at which DynamoDB itself may delete the item: a week after the expiry |

use aws_sdk_dynamodb::{primitives::Blob as Binary, types::AttributeValue};
use bytes::Bytes;
use lunadefend_core::provider::UnixMillis;
use lunadefend_vault::store::{Row, RowAddress, RowKey, StoreError, StoredRow, Table, WriteId};
use std::{collections::HashMap, time::Duration};

pub(crate) type Item = HashMap<String, AttributeValue>;

/// The index of rows that expire, by group and expiry.
pub(crate) const EXPIRIES: &str = "expiries";
/// How many groups that index has: so many writers do not wait for each other.
pub(crate) const GROUPS: u8 = 16;
/// How long after its expiry DynamoDB itself deletes a row that no tokenizer has deleted. A used state is used up for
/// longer than any clock of ours may differ.
const LEFT_BEHIND: Duration = Duration::from_secs(7 * 24 * 60 * 60);

pub(crate) fn binary(bytes: &[u8]) -> AttributeValue {
    AttributeValue::B(Binary::new(bytes))
}

pub(crate) fn number(number: u64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// The partition of a table whose keys begin with this byte.
pub(crate) fn partition(table: Table, first: u8) -> AttributeValue {
    binary(&[table.code(), first])
}

/// The key of a row.
pub(crate) fn key(at: RowAddress) -> Item {
    let bytes = at.key.as_bytes();
    let [first, ..] = *bytes;
    Item::from([
        ("pk".to_owned(), partition(at.table, first)),
        ("sk".to_owned(), binary(bytes)),
    ])
}

/// The item of a row.
pub(crate) fn item(at: RowAddress, row: &Row, id: WriteId) -> Item {
    let mut item = key(at);
    item.insert("v".to_owned(), binary(&row.value));
    item.insert("w".to_owned(), binary(id.as_bytes()));
    if let Some(expiry) = row.expires_at {
        let [_, second, ..] = *at.key.as_bytes();
        let left_behind = expiry.get() / 1000 + LEFT_BEHIND.as_secs();
        item.insert("e".to_owned(), number(expiry.get()));
        item.insert("g".to_owned(), number((second % GROUPS).into()));
        item.insert("x".to_owned(), number(left_behind));
    }
    item
}

/// Reads the row of an item.
pub(crate) fn row(item: &Item) -> Result<StoredRow, StoreError> {
    let corrupt = || StoreError::Corrupt(None);
    let value = bytes(item, "v").ok_or_else(corrupt)?;
    let expires_at = match item.get("e") {
        None => None,
        Some(AttributeValue::N(expiry)) => {
            Some(UnixMillis::new(expiry.parse().map_err(|_| corrupt())?))
        }
        Some(_) => return Err(corrupt()),
    };
    Ok(StoredRow {
        row: Row {
            expires_at,
            value: Bytes::copy_from_slice(value),
        },
        written_by: written_by(item).ok_or_else(corrupt)?,
    })
}

/// The batch that wrote an item.
pub(crate) fn written_by(item: &Item) -> Option<WriteId> {
    bytes(item, "w")?.try_into().ok().map(WriteId::new)
}

/// The key of the row of an item.
pub(crate) fn row_key(item: &Item) -> Result<RowKey, StoreError> {
    let key = bytes(item, "sk").and_then(|key| key.try_into().ok());
    key.map(RowKey::new).ok_or(StoreError::Corrupt(None))
}

pub(crate) fn bytes<'a>(item: &'a Item, name: &str) -> Option<&'a [u8]> {
    match item.get(name) {
        Some(AttributeValue::B(bytes)) => Some(bytes.as_ref()),
        _ => None,
    }
}
