//! Rows about the store itself. Each has a name, and so an address of its own.

use crate::{
    VaultError,
    fields::Fields,
    ring::Ring,
    store::{Row, RowAddress, RowKey, Table},
};
use bytes::Bytes;
use lunadefend_core::provider::UnixMillis;
use lunadefend_crypto::sha256;

/// The content of the lease.
pub(crate) const FORM: &[u8] = &[1];

/// The address of the row that says who deletes what has expired. Its first form is empty but for its number: its version
/// says who, its expiry until when.
pub(crate) fn lease(ring: &Ring) -> RowAddress {
    ring.address(Table::Upkeep, &[b"lease"])
}

/// The lease, until `expires_at`.
pub(crate) const fn leased(expires_at: UnixMillis) -> Row {
    Row::until(expires_at, Bytes::from_static(FORM))
}

/// The address of the row that says when the store was restored from a backup. It is the same in every store, so that it
/// is read with the key ring.
pub(crate) fn restored() -> RowAddress {
    RowAddress {
        table: Table::Upkeep,
        key: RowKey::new(sha256(b"lunadefend restored")),
    }
}

/// That row: the number of its form, and the time.
pub(crate) fn restored_at(at: UnixMillis) -> Row {
    Row::lasting([FORM, &at.get().to_be_bytes()].concat().into())
}

/// Reads that row.
pub(crate) fn read_restored(row: &Row) -> Result<UnixMillis, VaultError> {
    let mut fields = Fields::of(&row.value);
    match fields.u8()? {
        0 => return Err(VaultError::Corrupt),
        1 => {}
        _ => return Err(VaultError::TooNew),
    }
    let at = fields.time()?;
    fields.end()?;
    Ok(at)
}
