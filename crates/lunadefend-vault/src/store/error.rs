//! Why a store cannot do what it was asked.

use std::{error::Error as StdError, path::PathBuf, sync::Arc};

/// A cause that several callers share: one failed commit answers many writes.
type Cause = Arc<dyn StdError + Send + Sync>;

/// Why a store cannot be opened, read or written. No text contains a key or a row.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The file cannot be opened or made.
    #[error("cannot open the store {path}: check that the directory exists and is writable")]
    Open {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: Arc<std::io::Error>,
    },
    /// Another process has it.
    #[error("the store {path} is in use by another process: stop that one, or use another file")]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The file is something else.
    #[error("{path} is not a store of the tokenizer: name another file")]
    NotAStore {
        /// The file.
        path: PathBuf,
    },
    /// The file was made by a newer version.
    #[error("the store {path} has format {found}, this version reads up to {known}: upgrade")]
    TooNew {
        /// The file.
        path: PathBuf,
        /// The format of the file.
        found: u32,
        /// The newest format that this version knows.
        known: u32,
    },
    /// What is in the store is not what was written.
    #[error("the store is damaged: restore it from a backup")]
    Corrupt(#[source] Option<Cause>),
    /// Reading or writing failed. An embedded store tries again by itself.
    #[error(
        "the store cannot be read or written: check its disk; it goes on by itself once it can"
    )]
    Io(#[source] Cause),
    /// There is no room for new values; rows that need little, such as grants, are still written.
    #[error("there is no room for new values: free space on the disk of the store")]
    Full,
    /// The store has been closed.
    #[error("the store is closed")]
    Closed,
    /// A batch names a row twice.
    #[error("a batch must name a row only once")]
    RowTwice,
}
