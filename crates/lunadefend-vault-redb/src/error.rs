//! Why an embedded store cannot be opened.

use lunadefend_vault::{MasterKeyError, VaultError, store::StoreError};
use std::{fmt, io, path::PathBuf};

/// Why an embedded store cannot be opened. No text contains any part of a key.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The path names something that cannot be a store.
    #[error("cannot use {path}: {problem}")]
    Path {
        /// The path.
        path: PathBuf,
        /// The kind of thing that the path names, and what to do.
        problem: &'static str,
    },
    /// The file cannot be opened or made.
    #[error("cannot open the store {path}: check that the directory exists and is writable")]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// Another process has the store open.
    #[error("the store {path} is in use by another process: stop that one, or use another file")]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The file is not a store.
    #[error("{path} is not a store of the tokenizer: name another file")]
    NotAStore {
        /// The file.
        path: PathBuf,
    },
    /// A newer version made the file.
    #[error("the store {path} has format {found}, this version reads up to {known}: upgrade")]
    TooNew {
        /// The file.
        path: PathBuf,
        /// The format of the file.
        found: u32,
        /// The newest format that this version knows.
        known: u32,
    },
    /// The store exists and its key file is missing.
    #[error(
        "the key file {path} of an existing store is missing: restore it from a backup, or configure the master key that the store was made with; without it nothing in the store can be read"
    )]
    KeyFileMissing {
        /// The key file.
        path: PathBuf,
    },
    /// Every user of the machine can read the key file.
    #[error(
        "the key file {path} can be read by other users: run chmod 600 on it, and consider the key as known"
    )]
    KeyFileExposed {
        /// The key file.
        path: PathBuf,
    },
    /// The key file cannot be read or made.
    #[error("cannot read or make the key file {path}")]
    KeyFile {
        /// The key file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The content of the file cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The master key is invalid.
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    /// The content of the store is wrong, such as a key ring that another master key sealed.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// Prints it as `Display`, with the causes: a `main` that returns it prints that.
impl fmt::Debug for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        lunadefend_core::provider::fmt_with_causes(self, f)
    }
}
