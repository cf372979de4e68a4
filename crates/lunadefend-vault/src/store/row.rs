//! Rows, their keys and their tables.

use bytes::Bytes;
use std::fmt;

/// The key of a row: a keyed hash, so that it tells nothing about what it stands for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowKey([u8; 32]);

impl RowKey {
    /// Takes the bytes of a key.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes of the key.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for RowKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RowKey(..)")
    }
}

/// The name of the chunks of one upload attempt: 32 random bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobId([u8; 32]);

impl BlobId {
    /// Takes the bytes of an identifier.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes of the identifier.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The key of the blob's own row in [`Table::Blob`]: the identifier itself, so that a store
    /// finds the chunks of a row that has expired.
    #[must_use]
    pub const fn row_key(&self) -> RowKey {
        RowKey(self.0)
    }
}

impl fmt::Debug for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BlobId(..)")
    }
}

/// What a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Table {
    /// The sealed key ring: one row.
    KeyRing,
    /// A session's grants of a token, until they expire.
    Grant,
    /// States and JWTs that have been used, and sessions that have ended, until whatever came of them
    /// would have expired anyway.
    Used,
    /// Browser sessions, until they expire.
    Session,
    /// Tokens with their metadata; a token whose value never came expires.
    Token,
    /// Where the finished value of a token is and how to decrypt it.
    Value,
    /// Upload URLs, until they expire.
    Upload,
    /// Download URLs, until they expire.
    Download,
    /// One row for each blob. It expires with the lease of an upload and stays once the value is
    /// finished; while it is there chunks may be written, and when it is purged they go with it.
    Blob,
    /// How much a session has stored in a day, until the day ends.
    Quota,
}

impl Table {
    /// Every table.
    pub const ALL: [Self; 10] = [
        Self::KeyRing,
        Self::Grant,
        Self::Used,
        Self::Session,
        Self::Token,
        Self::Value,
        Self::Upload,
        Self::Download,
        Self::Blob,
        Self::Quota,
    ];

    /// A number that never changes, for stores that write it down.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::KeyRing => 1,
            Self::Grant => 2,
            Self::Used => 3,
            Self::Session => 4,
            Self::Token => 5,
            Self::Value => 6,
            Self::Upload => 7,
            Self::Download => 8,
            Self::Blob => 9,
            Self::Quota => 11,
        }
    }

    /// The table with that number.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.code() == code)
    }
}

/// The content of a row. `Debug` prints its length and expiry only.
#[derive(Clone, PartialEq, Eq)]
pub struct Row {
    /// Opaque to the store.
    pub value: Bytes,
    /// From when on the row is as good as deleted, in milliseconds since the Unix epoch; `None`:
    /// never.
    pub expires_at: Option<u64>,
}

impl Row {
    /// A row that stays.
    #[must_use]
    pub const fn lasting(value: Bytes) -> Self {
        Self {
            value,
            expires_at: None,
        }
    }

    /// A row that is as good as deleted from `expires_at` on.
    #[must_use]
    pub const fn until(expires_at: u64, value: Bytes) -> Self {
        Self {
            value,
            expires_at: Some(expires_at),
        }
    }

    /// Whether the row counts at `now`: at its expiry it does not any more.
    #[must_use]
    pub fn is_live(&self, now: u64) -> bool {
        self.expires_at.is_none_or(|at| now < at)
    }

    /// Whether the row expires strictly before another one does.
    #[must_use]
    pub fn expires_before(&self, other: &Self) -> bool {
        match (self.expires_at, other.expires_at) {
            (Some(own), Some(other)) => own < other,
            (Some(_), None) => true,
            (None, _) => false,
        }
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Row")
            .field("bytes", &self.value.len())
            .field("expires_at", &self.expires_at)
            .finish()
    }
}
