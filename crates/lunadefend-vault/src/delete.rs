//! The end of tokens: values, metadata, grants and URLs.

use crate::{
    Vault, VaultError,
    quota::TRIES,
    rows::{
        blob,
        token::{self, TokenRow},
        value::{self, ValueRow},
    },
    store::{BlobId, MAX_ROWS},
    vault::delete,
};
use lunadefend_core::provider::{TokenId, UnixMillis};
use std::collections::HashSet;

/// The rows of a token that one batch changes: token, value, blob.
const ROWS: usize = 3;

impl Vault {
    /// Deletes tokens for good, with their values, metadata, grants and URLs. Unknown and deleted tokens are
    /// no error.
    ///
    /// One transaction deletes the row that holds the key of the value, and marks the token as deleted. A
    /// running upload cannot finish after it. Then the blob is deleted, which frees its room. If that fails,
    /// or this process dies before it, the next round of the [`Janitor`](crate::Janitor) does it: the blob
    /// has no row any more. A running [`Download`](crate::Download) ends within
    /// [`DELETED_VALUE_ENDS_WITHIN`](Self::DELETED_VALUE_ENDS_WITHIN), in every process of the store.
    ///
    /// The store keeps the mark until `remembered_until`, which must be after the expiry of every grant that
    /// was made or is being made. After that the token is one that the tokenizer does not know.
    ///
    /// # Errors
    /// A [`VaultError`] when some of the tokens may still exist; a repeated call deletes the rest.
    pub async fn delete_tokens(
        &self,
        tokens: &[TokenId],
        remembered_until: UnixMillis,
    ) -> Result<(), VaultError> {
        // A batch names a row only once.
        let mut seen = HashSet::with_capacity(tokens.len());
        let tokens: Vec<&TokenId> = tokens.iter().filter(|token| seen.insert(*token)).collect();
        for some in tokens.chunks(MAX_ROWS / ROWS) {
            let blobs = self.delete_rows(some, remembered_until).await?;
            for blob in blobs {
                if let Err(error) = self.store().delete(blob).await {
                    tracing::warn!(%error, "the room of a deleted value is freed by the next sweep");
                }
            }
        }
        Ok(())
    }

    /// Deletes the rows of a few tokens at once, and returns their blobs.
    async fn delete_rows(
        &self,
        tokens: &[&TokenId],
        remembered_until: UnixMillis,
    ) -> Result<Vec<BlobId>, VaultError> {
        let ring = self.ring();
        let token_at: Vec<_> = tokens.iter().map(|id| token::address(&ring, id)).collect();
        let value_at: Vec<_> = tokens.iter().map(|id| value::address(&ring, id)).collect();
        for _ in 0..TRIES {
            let tokens = self.store().get_many(&token_at).await?;
            let values = self.store().get_many(&value_at).await?;
            // A response that does not match the request is not to be trusted.
            if tokens.len() != token_at.len() || values.len() != value_at.len() {
                return Err(VaultError::Corrupt);
            }
            let (mut writes, mut blobs) = (Vec::new(), Vec::new());
            for (at, held) in token_at.iter().zip(&tokens) {
                if !matches!(self.token_row(at, held.as_ref())?, TokenRow::Deleted) {
                    let row = ring.seal_row(at, Some(remembered_until), &TokenRow::Deleted)?;
                    writes.push(self.put(*at, held.as_ref(), row));
                }
            }
            for (at, held) in value_at.iter().zip(&values) {
                if let Some(held) = held {
                    let value: ValueRow = ring.open_row(at, &held.row)?;
                    writes.extend([delete(*at), delete(blob::address(value.blob))]);
                    blobs.push(value.blob);
                }
            }
            // The row of each token is as it was read, or it is a conflict: no upload has finished meanwhile.
            if writes.is_empty() || self.write(writes).await?.is_some() {
                return Ok(blobs);
            }
        }
        Err(VaultError::Conflict)
    }
}
