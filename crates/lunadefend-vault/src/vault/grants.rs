//! Grants: a session may use a token until an expiry.

use super::{Vault, VaultError, row_keys::Place};
use crate::store::{RowKey, Table, Write};
use lunadefend_core::{SessionId, TokenId};

impl Vault {
    /// Grants a token to a session until `expires_at`, or until a later time for which it was
    /// granted already. Two grants that race leave the later of both expiries.
    ///
    /// # Errors
    /// A [`VaultError`] when the grant was not written.
    pub async fn grant(
        &self,
        session: &SessionId,
        token: &TokenId,
        expires_at: u64,
    ) -> Result<(), VaultError> {
        let write = self.grant_write(session, token, expires_at);
        self.write(vec![write]).await
    }

    /// The expiry of a session's grant of a token while it is live. At its expiry it is not, nor is it
    /// once the session has ended, whenever the grant was made.
    ///
    /// # Errors
    /// [`VaultError::Corrupt`] when the row is not one that was written for this session and token
    /// with this expiry.
    pub async fn grant_expiry(
        &self,
        session: &SessionId,
        token: &TokenId,
    ) -> Result<Option<u64>, VaultError> {
        let ring = self.ring();
        let place = Place::grant(&ring, session, token);
        let ended = Place::ended_session(&ring, session);
        self.live_grant(&place, &ended.key).await
    }

    /// `ended` is where it says that the session of the grant has ended.
    pub(super) async fn live_grant(
        &self,
        place: &Place,
        ended: &RowKey,
    ) -> Result<Option<u64>, VaultError> {
        let row = self.store().get(Table::Grant, &place.key).await?;
        let Some(row) = row else {
            return Ok(None);
        };
        let expires_at = self.ring().grant_row_expiry(place, &row)?;
        if self.now() >= expires_at || self.is_marked_as_ended(ended).await? {
            return Ok(None);
        }
        Ok(Some(expires_at))
    }

    pub(super) fn grant_write(
        &self,
        session: &SessionId,
        token: &TokenId,
        expires_at: u64,
    ) -> Write {
        let ring = self.ring();
        let place = Place::grant(&ring, session, token);
        Write::RaiseExpiry {
            table: place.table,
            key: place.key,
            row: ring.grant_row(&place, expires_at),
        }
    }
}
