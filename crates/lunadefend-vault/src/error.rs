//! Why the vault refuses or fails.

use crate::store::{BatchError, StoreError};
use lunadefend_crypto::CryptoError;

/// Why the vault cannot do what it was asked. No text contains a token, a session id or a key.
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
    /// A row or a chunk is not what was written there: changed, moved, truncated or missing.
    #[error(
        "a row or value in the store is damaged or was changed: restore the store from a backup"
    )]
    Corrupt,
    /// A row has a form that only a newer version reads.
    #[error("a row in the store was written by a newer version: upgrade this one")]
    TooNew,
    /// A row names a wrapping key that this process does not have.
    #[error("a row needs version {0} of the wrapping key: restart to read the key ring again")]
    UnknownKeyVersion(u32),
    /// The row was changed by somebody else at the same time.
    #[error("another process changed the same row: try again")]
    Conflict,
    /// A session has stored as much as it may in a day.
    #[error(transparent)]
    OverQuota(#[from] OverQuota),
    /// What should be stored in one row is too large, such as metadata.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// Randomness or encryption failed.
    #[error("encryption failed")]
    Crypto(#[from] CryptoError),
}

/// What a session has used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OverQuota {
    /// The number of values.
    #[error("the session has stored {0} values in 24 hours, as many as it may")]
    Values(u32),
    /// The bytes of its values, or what is left does not hold the next.
    #[error("the session may store {0} bytes in 24 hours, and this would be more")]
    Bytes(u64),
}

/// Why an upload cannot begin, go on or end.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// There is no such upload, or its URL has expired, or the session that it was for has ended.
    #[error("there is no such upload, or its URL has expired")]
    Unknown,
    /// A value has been uploaded before.
    #[error("the upload URL has been used")]
    Used,
    /// Another upload to this URL is running.
    #[error("another upload to this URL is running")]
    Busy,
    /// The upload was silent for so long that its lease ended.
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

/// A URL is not ours, is for another method, was changed, or has expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the URL is not one of this tokenizer or has expired")]
pub struct InvalidUrl;

/// A state is not ours, was changed, or has expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the state is not one of this tokenizer or has expired")]
pub struct InvalidState;
