//! Rows whose presence marks something as used or ended. Their first form holds only its number.

use crate::{
    ring::Ring,
    store::{Row, RowAddress, Table},
};
use bytes::Bytes;
use lunadefend_core::{SessionId, provider::UnixMillis};

/// The content of each.
pub(crate) const FORM: &[u8] = &[1];

/// The mark, present until `expires_at`.
pub(crate) const fn row(expires_at: UnixMillis) -> Row {
    Row::until(expires_at, Bytes::from_static(FORM))
}

pub(crate) fn used_state(ring: &Ring, random: &[u8]) -> RowAddress {
    ring.address(Table::UsedState, &[random])
}

pub(crate) fn used_jwt(ring: &Ring, id: &[u8]) -> RowAddress {
    ring.address(Table::UsedJwt, &[id])
}

/// Returns the address of the row that marks a session of the application as ended.
pub(crate) fn ended_session(ring: &Ring, session: &SessionId) -> RowAddress {
    ring.address(Table::EndedSession, &[session.expose_id().as_bytes()])
}
