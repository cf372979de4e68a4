//! Why a store cannot do what it was asked.

use std::{error::Error as StdError, sync::Arc};

/// A cause that several callers share: one failed commit answers many writes.
pub type Cause = Arc<dyn StdError + Send + Sync>;

/// Why a store did not do what it was asked, by what the caller can do. No text contains a key or a row.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// Nothing was changed, and nothing can be read or written now. Try again later; an embedded store
    /// goes on by itself.
    #[error(
        "the store cannot be read or written: check its disk or server; it goes on by itself once it can"
    )]
    Unavailable(#[source] Cause),
    /// Whether the change was made is not known. Repeat the call: every call can be repeated, a
    /// [`write`](super::Rows::write) with the same [`Batch`](super::Batch).
    #[error("the store failed and may have written: check its disk or server")]
    Unknown(#[source] Cause),
    /// What is in the store is not what was written. Only a backup helps.
    #[error("the store is damaged: restore it from a backup")]
    Corrupt(#[source] Option<Cause>),
    /// Nothing was changed, since there is no room for new values. Rows that need little, such as
    /// grants, are still written.
    #[error("there is no room for new values: free space on the disk of the store")]
    Full,
    /// Nothing was changed, and nothing will be: the store has been closed.
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
