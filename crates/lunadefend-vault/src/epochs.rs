//! The epochs of tokens: the end of all grants of one.
//!
//! A grant belongs to the epoch that its token had when the grant was made, and counts only in that epoch.
//! The epoch is looked at when a grant is used. So the order of a grant and a revocation does not matter: a
//! grant that read the old epoch and is written after the revocation is of the old epoch, and not found.
//!
//! A token without a row is in the first epoch: an application may grant tokens that the tokenizer does not
//! know. A row that counted an epoch must therefore outlive every grant of an earlier epoch, which is why
//! [`Vault::revoke_token`] is told how long to remember. It also outlives each grant of its own epoch
//! ([`Vault::epoch_until`]), or that grant would end with the row. Once the row is gone no grant is left,
//! and counting begins again.

use crate::{
    Vault, VaultError,
    quota::TRIES,
    rows::token::{self, Epoch, TokenRow},
    store::{RowAddress, StoredRow},
};
use lunadefend_core::provider::{TokenId, UnixMillis};

impl Vault {
    /// Revokes all grants of a token, of every session. Grants that are made later count.
    ///
    /// The token may be unknown; it then gets a row, which the store keeps until `remembered_until`. That must
    /// be after the expiry of every grant that was made or is being made. A deleted token stays deleted.
    ///
    /// # Errors
    /// A [`VaultError`] when the grants may still count.
    pub async fn revoke_token(
        &self,
        token: &TokenId,
        remembered_until: UnixMillis,
    ) -> Result<(), VaultError> {
        let at = token::address(&self.ring(), token);
        for _ in 0..TRIES {
            let [held] = self.rows([at]).await?;
            let token = self.token_row(&at, held.as_ref())?;
            if let TokenRow::Deleted = token {
                return Ok(());
            }
            // A token with a value stays.
            let expires_at = match &held {
                Some(held) => held.row.expires_at.map(|at| at.max(remembered_until)),
                None => Some(remembered_until),
            };
            if self
                .replace_token(at, held.as_ref(), expires_at, &token.revoked())
                .await?
            {
                return Ok(());
            }
        }
        Err(VaultError::Conflict)
    }

    /// Returns the present epoch of the token whose row is at `at`; `None` when the token was deleted.
    ///
    /// The row counts by its presence, whatever the clock says.
    pub(crate) async fn epoch(&self, at: RowAddress) -> Result<Option<Epoch>, VaultError> {
        let [held] = self.rows([at]).await?;
        Ok(self.token_row(&at, held.as_ref())?.epoch())
    }

    /// Returns the present epoch of a token for a grant until `expires_at`, before which the row of the epoch
    /// does not expire. `None` when the token was deleted.
    pub(crate) async fn epoch_until(
        &self,
        token: &TokenId,
        expires_at: UnixMillis,
    ) -> Result<Option<Epoch>, VaultError> {
        let at = token::address(&self.ring(), token);
        let [held] = self.rows([at]).await?;
        self.epoch_of_row_until(at, held, expires_at).await
    }

    /// The same, for a token whose row at `at` was read just now.
    pub(crate) async fn epoch_of_row_until(
        &self,
        at: RowAddress,
        mut held: Option<StoredRow>,
        expires_at: UnixMillis,
    ) -> Result<Option<Epoch>, VaultError> {
        for _ in 0..TRIES {
            let token = self.token_row(&at, held.as_ref())?;
            let Some(epoch) = token.epoch() else {
                return Ok(None);
            };
            let row_expires_at = held.as_ref().and_then(|held| held.row.expires_at);
            // The first epoch is that of a missing row, too.
            if epoch == Epoch::FIRST || row_expires_at.is_none_or(|row| row >= expires_at) {
                return Ok(Some(epoch));
            }
            if self
                .replace_token(at, held.as_ref(), Some(expires_at), &token)
                .await?
            {
                return Ok(Some(epoch));
            }
            [held] = self.rows([at]).await?;
        }
        Err(VaultError::Conflict)
    }

    /// Reads what a row says of its token.
    pub(crate) fn token_row(
        &self,
        at: &RowAddress,
        held: Option<&StoredRow>,
    ) -> Result<TokenRow, VaultError> {
        match held {
            Some(held) => self.ring().open_row(at, &held.row),
            None => Ok(TokenRow::MISSING),
        }
    }

    /// Writes the row of a token in place of the one that was read; `false` when it changed meanwhile.
    async fn replace_token(
        &self,
        at: RowAddress,
        held: Option<&StoredRow>,
        expires_at: Option<UnixMillis>,
        token: &TokenRow,
    ) -> Result<bool, VaultError> {
        let row = self.ring().seal_row(&at, expires_at, token)?;
        let put = self.put(at, held, row);
        Ok(self.write(vec![put]).await?.is_some())
    }
}
