//! Why lines are not written.

use lunadefend_crypto::CryptoError;
use std::{io, path::PathBuf};

/// Why an audit log cannot be opened or begun.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// The file cannot be opened, read or written.
    #[error(
        "cannot write the audit log {}: its folder must exist, and the tokenizer's user may write it",
        path.display()
    )]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The path has no regular file.
    #[error("{} is no file for an audit log: choose another path, or `stdout`", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// Another process writes the file.
    #[error(
        "another process writes the audit log {}: give each tokenizer a file of its own",
        path.display()
    )]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The end of the file has no lines of an audit log.
    #[error(
        "{} does not end like an audit log: choose another path, or move the file away and keep it",
        path.display()
    )]
    Other {
        /// The file.
        path: PathBuf,
    },
    /// The first line could not be written.
    #[error("the first line of the audit log cannot be written")]
    Write(#[source] io::Error),
    /// There is no randomness, or no thread.
    #[error("the audit log cannot be started")]
    Start(#[source] io::Error),
    /// The operating system gave no randomness.
    #[error(transparent)]
    Random(#[from] CryptoError),
}

/// The line of an act is not durable, and one is required: hold back what it would have let out.
#[derive(Debug, thiserror::Error)]
#[error("the audit log cannot be written")]
pub struct Unrecorded;
