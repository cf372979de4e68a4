//! What may be said of a token without its value.

use crate::{Vault, VaultError, rows::token};
use lunadefend_core::{provider::TokenId, wire::Description};

impl Vault {
    /// Returns what is known about tokens, in the order of the request; `None` for an unknown, deleted or expired
    /// token.
    ///
    /// # Security
    /// It checks for no grant, and a mask is a part of a secret.
    ///
    /// # Errors
    /// [`VaultError::Corrupt`] when a row was changed.
    pub async fn describe(
        &self,
        tokens: &[TokenId],
    ) -> Result<Vec<Option<Description>>, VaultError> {
        let ring = self.ring();
        let at: Vec<_> = tokens.iter().map(|id| token::address(&ring, id)).collect();
        let rows = self.rows_at(at.iter().copied().collect()).await?;
        let now = self.now();
        at.iter()
            .map(|at| {
                let held = rows.get(at).filter(|held| held.row.is_live(now));
                let made = self.token_row(at, held)?.made(now);
                Ok(made.map(|made| Description {
                    kind: made.kind,
                    size: made.value.as_ref().map(|value| value.size),
                    created_at: made.created_at.map(|at| at.get()),
                    expires_at: made.expires_at.map(|at| at.get()),
                    mask: made
                        .value
                        .and_then(|value| value.mask)
                        .map(|mask| mask.as_text().to_owned()),
                }))
            })
            .collect()
    }
}
