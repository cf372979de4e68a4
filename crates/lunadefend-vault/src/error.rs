//! Why the vault refuses or fails.

use crate::store::{BatchError, StoreError};
use lunadefend_crypto::CryptoError;

/// Why a call of the vault failed. No text contains a token, a session id or a key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// The store failed.
    #[error("the tokenizer's store failed")]
    Store(#[from] StoreError),
    /// The key ring does not open under the master key.
    #[error(
        "the master key does not open this store's key ring: configure the key that the store was made with"
    )]
    WrongMasterKey,
    /// A copy into the store was begun and has not ended.
    #[error(
        "the store is an unfinished copy, or unfinished in being restored: run the same lunadefend store copy, restore or store restored again, until it says that it is complete"
    )]
    UnfinishedCopy,
    /// The clock of this machine is not that of the store.
    #[error(
        "the clock of this machine and that of the store differ by more than 30 s: let NTP set it"
    )]
    OtherClock,
    /// A row or a chunk differs from what the vault wrote: changed, moved, truncated or missing.
    #[error(
        "a row or value in the store is damaged or was changed: restore the store from a backup"
    )]
    Corrupt,
    /// A row has a form that only a newer version can read.
    #[error("a row in the store was written by a newer version: upgrade this one")]
    TooNew,
    /// A row names a wrapping key that this process does not have.
    #[error(
        "a row needs version {0} of the wrapping key, which was retired, or is not read yet: try again in a minute"
    )]
    UnknownKeyVersion(u32),
    /// The value was deleted while it was being read.
    #[error("the value was deleted while it was being read")]
    Deleted,
    /// Nothing was deleted, since the list of deletions cannot be written.
    #[error(
        "nothing was deleted: the list of deletions cannot be written; look at its disk and its folder"
    )]
    NotListed(#[source] std::sync::Arc<std::io::Error>),
    /// Another process changed the row at the same time.
    #[error("another process changed the same row: try again")]
    Conflict,
    /// A session has used up its quota of a day.
    #[error(transparent)]
    OverQuota(#[from] OverQuota),
    /// The content of one row, such as metadata, is too large.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// Randomness or encryption failed.
    #[error("encryption failed")]
    Crypto(#[from] CryptoError),
}

/// The part of its quota that a session has used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OverQuota {
    /// The number of values.
    #[error("the session has stored {0} values in 24 hours, as many as it may")]
    Values(u32),
    /// The bytes of its values: the next one exceeds the rest.
    #[error("the session may store {0} bytes in 24 hours, and this would be more")]
    Bytes(u64),
}

/// Why an upload cannot begin, go on or end.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// The upload is unknown, its URL has expired, its session has ended, or its token was deleted.
    #[error("there is no such upload, or its URL has expired")]
    Unknown,
    /// The URL already has its value.
    #[error("the upload URL has been used")]
    Used,
    /// Another upload to this URL is running.
    #[error("another upload to this URL is running")]
    Busy,
    /// The upload was silent for so long that its lease ended, or its token was changed or deleted
    /// meanwhile.
    #[error("the upload took too long: begin again")]
    Lost,
    /// The value is longer than the URL allows.
    #[error("the value is longer than {0} bytes")]
    TooLarge(u64),
    /// The vault failed.
    #[error("the value could not be stored")]
    Vault(#[from] VaultError),
}

impl From<StoreError> for UploadError {
    fn from(error: StoreError) -> Self {
        Self::Vault(error.into())
    }
}

/// The URL is not signed by this tokenizer, changed, for another method, or expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the URL is not one of this tokenizer or has expired")]
pub struct InvalidUrl;

/// The state is not from this tokenizer, changed, or expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the state is not one of this tokenizer or has expired")]
pub struct InvalidState;
