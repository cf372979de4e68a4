//! Why a call of a store failed.

use std::{error::Error as StdError, sync::Arc};

/// A cause that several callers share: one failed commit fails many writes.
pub type Cause = Arc<dyn StdError + Send + Sync>;

/// Why a call of a store failed, by what the caller can do. No text contains a key or a row.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// Nothing was changed, and nothing can be read or written now. Try again later; an embedded store
    /// recovers by itself.
    #[error(
        "the store cannot be read or written: check its disk or server; it goes on by itself once it can"
    )]
    Unavailable(#[source] Cause),
    /// The outcome of the change is unknown. Repeat the call: every call can be repeated, a
    /// [`write`](super::Rows::write) with the same [`Batch`](super::Batch).
    #[error("the store failed and may have written: check its disk or server")]
    Unknown(#[source] Cause),
    /// The content of the store differs from what was written. Only a backup helps.
    #[error("the store is damaged: restore it from a backup")]
    Corrupt(#[source] Option<Cause>),
    /// Nothing was changed: the store has no room for new values. Small rows, such as grants, are still
    /// written.
    #[error("there is no room for new values: free space on the disk of the store")]
    Full,
    /// Nothing was changed: the store is closed for good.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    /// Makes an [`Unavailable`](Self::Unavailable).
    pub fn unavailable(cause: impl StdError + Send + Sync + 'static) -> Self {
        Self::Unavailable(Arc::new(cause))
    }

    /// Makes an [`Unknown`](Self::Unknown).
    pub fn unknown(cause: impl StdError + Send + Sync + 'static) -> Self {
        Self::Unknown(Arc::new(cause))
    }
}
