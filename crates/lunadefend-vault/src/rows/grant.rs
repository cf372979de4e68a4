//! The row of a grant. Its only content is the expiry, which the store sees anyway: a tag that binds it to
//! its address is enough.
//!
//! The epoch of its token is part of the address. So a grant is looked up in the present epoch, and one of
//! another epoch is not found. As content it would do harm: of two rows at one address the later expiry
//! stays, and a revoked grant would keep out a new one.

use crate::{
    VaultError,
    fields::Fields,
    purpose::Purpose,
    ring::Ring,
    rows::token::Epoch,
    store::{Row, RowAddress, StoredRow, Table},
};
use lunadefend_core::{
    SessionId,
    provider::{TokenId, UnixMillis},
};
use lunadefend_crypto::constant_time_eq;

const FORM: u8 = 1;

pub(crate) fn address(
    ring: &Ring,
    session: &SessionId,
    token: &TokenId,
    epoch: Epoch,
) -> RowAddress {
    let (session, token) = (session.expose_id().as_bytes(), token.expose_id().as_bytes());
    match epoch {
        // As it was before there were epochs.
        Epoch::FIRST => ring.address(Table::Grant, &[session, token]),
        _ => ring.address(Table::Grant, &[session, token, &epoch.get().to_be_bytes()]),
    }
}

pub(crate) fn row(ring: &Ring, at: &RowAddress, expires_at: UnixMillis) -> Row {
    let tag = tag(ring, at, expires_at);
    Row::until(expires_at, [&[FORM], tag.as_slice()].concat().into())
}

/// Returns the expiry of a grant that counts at `now`; `None` when it does not.
///
/// `held` is the row at `at`, in the present epoch of its token; `ended` is the row that marks its session as ended.
/// The end counts by being there: no clock decides about it.
pub(crate) fn live_until(
    ring: &Ring,
    at: &RowAddress,
    held: Option<&StoredRow>,
    ended: Option<&StoredRow>,
    now: UnixMillis,
) -> Result<Option<UnixMillis>, VaultError> {
    let Some(held) = held else {
        return Ok(None);
    };
    let expires_at = expiry(ring, at, &held.row)?;
    Ok((now < expires_at && ended.is_none()).then_some(expires_at))
}

/// The expiry that the row was written with.
pub(crate) fn expiry(ring: &Ring, at: &RowAddress, row: &Row) -> Result<UnixMillis, VaultError> {
    let mut fields = Fields::of(&row.value);
    match fields.u8()? {
        0 => return Err(VaultError::Corrupt),
        FORM => {}
        _ => return Err(VaultError::TooNew),
    }
    let expires_at = row.expires_at.ok_or(VaultError::Corrupt)?;
    if constant_time_eq(&tag(ring, at, expires_at), fields.rest()) {
        Ok(expires_at)
    } else {
        Err(VaultError::Corrupt)
    }
}

fn tag(ring: &Ring, at: &RowAddress, expires_at: UnixMillis) -> [u8; 32] {
    ring.lookup().tag(&[
        Purpose::GrantTag.label(),
        &[FORM],
        at.key.as_bytes(),
        &expires_at.get().to_be_bytes(),
    ])
}
