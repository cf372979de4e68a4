//! Deleting what has expired, and blobs that belong to nothing.

use crate::{
    Vault, VaultError,
    rows::blob,
    store::{BlobId, MAX_ROWS},
};
use lunadefend_core::provider::UnixMillis;

/// How many rows are deleted by one call of the store.
const PURGE: usize = 1000;

/// What one step of a sweep did.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Swept {
    /// How many blobs it deleted.
    pub(crate) blobs: usize,
    /// Where the next step goes on; `None`: it was the last.
    pub(crate) next: Option<BlobId>,
}

impl Vault {
    /// Deletes rows that have expired at `now`, of which the caller must be sure: see
    /// [`Janitor`](crate::Janitor). Says how many.
    pub(crate) async fn purge(&self, now: UnixMillis) -> Result<usize, VaultError> {
        let mut rows = 0;
        loop {
            let purged = self.store().purge_expired(now, PURGE).await?;
            rows += purged;
            if purged < PURGE {
                return Ok(rows);
            }
        }
    }

    /// Looks at some blobs, after `after`, and deletes those without a row.
    ///
    /// An upload writes the row of its blob before the blob begins, and keeps it to the end. The row goes
    /// when the upload is aborted, or is purged once its lease has expired: then the upload cannot be
    /// finished any more. An identifier never gets a second row. So what has none when it is looked for,
    /// after the blob was listed, is needed by nobody, and no clock decides about it. Parts that arrive
    /// later still are found by the next sweep.
    pub(crate) async fn sweep(&self, after: Option<BlobId>) -> Result<Swept, VaultError> {
        let listed = self.store().list(after, MAX_ROWS).await?;
        let at: Vec<_> = listed.iter().map(|id| blob::address(*id)).collect();
        let rows = self.store().get_many(&at).await?;
        // To delete by an answer that is not one to the question would delete values.
        if rows.len() != listed.len() {
            return Err(VaultError::Corrupt);
        }
        let mut blobs = 0;
        for (id, row) in listed.iter().zip(rows) {
            if row.is_none() {
                self.store().delete(*id).await?;
                blobs += 1;
            }
        }
        let next = listed.last().filter(|_| listed.len() >= MAX_ROWS).copied();
        Ok(Swept { blobs, next })
    }
}
