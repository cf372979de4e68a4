//! The row of a blob: present while an upload writes the blob, and for good once the value is finished. Its
//! first form is empty but for its number.

use crate::store::{BlobId, Row, RowAddress, RowKey, Table};
use bytes::Bytes;
use lunadefend_core::provider::UnixMillis;

/// The content of each.
pub(crate) const FORM: &[u8] = &[1];

/// The key is the identifier itself, so that the vault finds the row of a blob that only the store knows.
pub(crate) const fn address(blob: BlobId) -> RowAddress {
    RowAddress {
        table: Table::Blob,
        key: RowKey::new(*blob.as_bytes()),
    }
}

/// The row while an upload has its lease.
pub(crate) const fn leased(until: UnixMillis) -> Row {
    Row::until(until, Bytes::from_static(FORM))
}

/// The row once the value is finished, until its rows go.
pub(crate) const fn finished(expires_at: Option<UnixMillis>) -> Row {
    Row {
        value: Bytes::from_static(FORM),
        expires_at,
    }
}
