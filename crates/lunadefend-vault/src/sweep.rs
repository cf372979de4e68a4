//! Deletes expired rows, and blobs without a row.

use crate::{
    Vault, VaultError,
    rows::blob,
    store::{BlobId, MAX_ROWS},
};
use lunadefend_core::provider::UnixMillis;

/// The maximum of rows that one call of the store deletes.
const PURGE: usize = 1000;

/// The result of one step of a sweep.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Swept {
    /// The number of deleted blobs.
    pub(crate) blobs: usize,
    /// The start of the next step; `None` after the last.
    pub(crate) next: Option<BlobId>,
}

impl Vault {
    /// Deletes rows that have expired at `now`, and returns their number. The caller must be sure of `now`:
    /// see [`Janitor`](crate::Janitor).
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

    /// Checks some blobs, after `after`, and deletes those without a row.
    ///
    /// An upload writes the row of its blob before the blob begins, and keeps it to the end. An abort deletes
    /// the row, and a purge deletes it once the lease has expired: then the upload can no longer finish. An
    /// identifier never gets a second row. So a blob that was listed first and then has no row is no longer
    /// needed, whatever the clock says. The next sweep finds parts that arrive later.
    pub(crate) async fn sweep(&self, after: Option<BlobId>) -> Result<Swept, VaultError> {
        let listed = self.store().list(after, MAX_ROWS).await?;
        let at: Vec<_> = listed.iter().map(|id| blob::address(*id)).collect();
        let rows = self.store().get_many(&at).await?;
        // Deleting by a response that does not match the request would delete values.
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
