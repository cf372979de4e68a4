//! The end of tokens: values, metadata, grants and URLs.

use crate::{
    Vault, VaultError,
    deletions::Deletion,
    quota::TRIES,
    ring::Ring,
    rows::{
        blob, reads,
        token::{self, TokenRow},
        value::{self, ValueRow},
    },
    store::{BlobId, MAX_ROWS, RowAddress, Store, Write},
    vault::{delete, put},
};
use lunadefend_core::provider::{TokenId, UnixMillis};
use std::collections::HashSet;

/// The rows of a token that one batch changes: token, value, blob, reads.
pub(crate) const ROWS: usize = 4;

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
    /// With a [list of deletions](Self::with_deletions) each token is in the list, durably, before any is deleted.
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
        let ring = self.ring();
        let rows: Vec<_> = tokens.iter().map(|id| TokenRows::of(&ring, id)).collect();
        if let Some(list) = self.deletions() {
            let at = self.now();
            let lines = rows.iter().map(|rows| Deletion {
                at,
                remembered_until,
                rows: *rows,
            });
            list.append(lines.map(|line| line.to_line(&ring)).collect())
                .await?;
        }
        for some in rows.chunks(MAX_ROWS / ROWS) {
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
        tokens: &[TokenRows],
        remembered_until: UnixMillis,
    ) -> Result<Vec<BlobId>, VaultError> {
        let until = vec![remembered_until; tokens.len()];
        let tokens: Vec<_> = tokens.iter().copied().zip(until).collect();
        for _ in 0..TRIES {
            let (writes, blobs) = end_of(self.store(), &self.ring(), &tokens, self.now()).await?;
            // The row of each token is as it was read, or it is a conflict: no upload has finished meanwhile.
            if writes.is_empty() || self.write(writes).await?.is_some() {
                return Ok(blobs);
            }
        }
        Err(VaultError::Conflict)
    }
}

/// The rows of a token that its deletion changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TokenRows {
    pub(crate) token: RowAddress,
    pub(crate) value: RowAddress,
    pub(crate) reads: RowAddress,
}

impl TokenRows {
    fn of(ring: &Ring, id: &TokenId) -> Self {
        Self {
            token: token::address(ring, id),
            value: value::address(ring, id),
            reads: reads::address(ring, id),
        }
    }
}

/// Returns the writes that delete tokens, each remembered until its time, and the blobs of their values.
pub(crate) async fn end_of(
    store: &dyn Store,
    ring: &Ring,
    tokens: &[(TokenRows, UnixMillis)],
    now: UnixMillis,
) -> Result<(Vec<Write>, Vec<BlobId>), VaultError> {
    let token_at: Vec<_> = tokens.iter().map(|(rows, _)| rows.token).collect();
    let value_at: Vec<_> = tokens.iter().map(|(rows, _)| rows.value).collect();
    let held_tokens = store.get_many(&token_at).await?;
    let held_values = store.get_many(&value_at).await?;
    // A response that does not match the request is not to be trusted.
    if held_tokens.len() != tokens.len() || held_values.len() != tokens.len() {
        return Err(VaultError::Corrupt);
    }
    let (mut writes, mut blobs) = (Vec::new(), Vec::new());
    for ((rows, remembered_until), held) in tokens.iter().zip(&held_tokens) {
        let row = match held {
            Some(held) => ring.open_row(&rows.token, &held.row)?,
            None => TokenRow::MISSING,
        };
        if !matches!(row, TokenRow::Deleted) {
            let row = ring.seal_row(&rows.token, Some(*remembered_until), &TokenRow::Deleted)?;
            writes.push(put(rows.token, held.as_ref(), row, now));
        }
    }
    for (at, held) in value_at.iter().zip(&held_values) {
        if let Some(held) = held {
            let value: ValueRow = ring.open_row(at, &held.row)?;
            writes.push(delete(*at));
            if let Some(blob) = value.blob() {
                writes.push(delete(blob::address(blob)));
                blobs.push(blob);
            }
        }
    }
    if !writes.is_empty() {
        writes.extend(tokens.iter().map(|(rows, _)| delete(rows.reads)));
    }
    Ok((writes, blobs))
}
