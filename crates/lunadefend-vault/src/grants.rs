//! Grants: a session may use a token until an expiry.

mod many;

pub use many::{GrantWrite, HeldGrant, WrittenGrant};

use crate::{
    Vault, VaultError,
    rows::{
        grant, marks,
        token::{self, Epoch},
    },
    vault::delete,
};
use lunadefend_core::{
    SessionId,
    provider::{TokenId, UnixMillis},
};

impl Vault {
    /// Grants a token to a session until `expires_at`. An earlier grant with a later expiry stays; of two
    /// grants that race the later expiry wins.
    ///
    /// The token may be unknown. A grant of a deleted token never counts.
    ///
    /// # Errors
    /// A [`VaultError`] when the grant may not have been written.
    pub async fn grant(
        &self,
        session: &SessionId,
        token: &TokenId,
        expires_at: UnixMillis,
    ) -> Result<(), VaultError> {
        let Some(epoch) = self.epoch_until(token, expires_at).await? else {
            return Ok(());
        };
        let ring = self.ring();
        let at = grant::address(&ring, session, token, epoch);
        let row = grant::row(&ring, &at, expires_at);
        self.raise_expiry(&[(at, row)]).await
    }

    /// Returns the expiry of a session's live grant of a token. A grant is not live at its expiry, nor once
    /// it was revoked or its token deleted, nor after the end of its session, whenever the grant was made.
    ///
    /// # Errors
    /// [`VaultError::Corrupt`] when a row was not written for this session and token with this expiry.
    pub async fn grant_expiry(
        &self,
        session: &SessionId,
        token: &TokenId,
    ) -> Result<Option<UnixMillis>, VaultError> {
        let ring = self.ring();
        let token_at = token::address(&ring, token);
        let ended_at = marks::ended_session(&ring, session);
        let mut grant = grant::address(&ring, session, token, Epoch::FIRST);
        // Most tokens are in their first epoch: then this is all.
        let [of_token, mut held, mut ended] = self.rows([token_at, grant, ended_at]).await?;
        let of_token = self.token_row(&token_at, of_token.as_ref())?;
        let Some(epoch) = of_token.epoch(self.now()) else {
            return Ok(None);
        };
        if epoch != Epoch::FIRST {
            grant = grant::address(&ring, session, token, epoch);
            [held, ended] = self.rows([grant, ended_at]).await?;
        }
        grant::live_until(&ring, &grant, held.as_ref(), ended.as_ref(), self.now())
    }

    /// Revokes the grant of one session. A missing one is no error, and a later grant counts.
    ///
    /// # Errors
    /// A [`VaultError`] when the grant may still count.
    pub async fn revoke_grant(
        &self,
        session: &SessionId,
        token: &TokenId,
    ) -> Result<(), VaultError> {
        let ring = self.ring();
        let Some(epoch) = self.epoch(token::address(&ring, token)).await? else {
            return Ok(());
        };
        let at = grant::address(&ring, session, token, epoch);
        self.apply(vec![delete(at)]).await.map(drop)
    }
}
