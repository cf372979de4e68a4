//! Rows about the store itself. Each has a name, and so an address of its own.

use crate::{
    ring::Ring,
    store::{Row, RowAddress, Table},
};
use bytes::Bytes;
use lunadefend_core::provider::UnixMillis;

const FORM: &[u8] = &[1];

/// The address of the row that says who deletes what has expired. Its first form is empty but for its number: its version
/// says who, its expiry until when.
pub(crate) fn lease(ring: &Ring) -> RowAddress {
    ring.address(Table::Upkeep, &[b"lease"])
}

/// The lease, until `expires_at`.
pub(crate) const fn leased(expires_at: UnixMillis) -> Row {
    Row::until(expires_at, Bytes::from_static(FORM))
}
