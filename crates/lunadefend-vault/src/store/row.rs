//! Rows: their addresses, their content, and which write left them as they are.

use bytes::Bytes;
use lunadefend_core::provider::UnixMillis;
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

/// The kinds of rows. Each table has a key space of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Table {
    /// The sealed key ring: one row.
    KeyRing = 1,
    /// A session's grants of a token, until they expire.
    Grant = 2,
    /// States that have been used, until they would have expired anyway.
    UsedState = 3,
    /// Browser sessions, until they expire.
    Session = 4,
    /// Tokens with their metadata; a token whose value never came expires.
    Token = 5,
    /// Where the finished value of a token is and how to decrypt it.
    Value = 6,
    /// Upload URLs, until they expire.
    Upload = 7,
    /// Download URLs, until they expire.
    Download = 8,
    /// One row for each blob. It expires with the lease of an upload and stays once the value is
    /// finished. A blob without a row is deleted by the vault.
    Blob = 9,
    /// JWTs that have been used, until they would have expired anyway.
    UsedJwt = 10,
    /// How much a session has stored in a day, until the day ends.
    Quota = 11,
    /// Sessions of the application that have ended, until all that was made for them has expired.
    EndedSession = 12,
}

impl Table {
    /// Every table.
    pub const ALL: [Self; 12] = [
        Self::KeyRing,
        Self::Grant,
        Self::UsedState,
        Self::Session,
        Self::Token,
        Self::Value,
        Self::Upload,
        Self::Download,
        Self::Blob,
        Self::UsedJwt,
        Self::Quota,
        Self::EndedSession,
    ];

    /// A number that never changes, for stores that write it down.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The table with that number.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.code() == code)
    }
}

/// Where a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowAddress {
    /// The table.
    pub table: Table,
    /// The key in it.
    pub key: RowKey,
}

/// The content of a row. `Debug` prints its length and expiry only.
#[derive(Clone, PartialEq, Eq)]
pub struct Row {
    /// Opaque to the store; at most [`MAX_BYTES`](Self::MAX_BYTES).
    pub value: Bytes,
    /// From when on the row is as good as deleted; `None`: never.
    pub expires_at: Option<UnixMillis>,
}

impl Row {
    /// How many bytes a value may have: 384 KiB, which fits into an item of DynamoDB.
    pub const MAX_BYTES: usize = 384 * 1024;

    /// Makes a row that stays.
    #[must_use]
    pub const fn lasting(value: Bytes) -> Self {
        Self {
            value,
            expires_at: None,
        }
    }

    /// Makes a row that is as good as deleted from `expires_at` on.
    #[must_use]
    pub const fn until(expires_at: UnixMillis, value: Bytes) -> Self {
        Self {
            value,
            expires_at: Some(expires_at),
        }
    }

    /// Whether the row counts at `now`: at its expiry it does not any more.
    #[must_use]
    pub fn is_live(&self, now: UnixMillis) -> bool {
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

/// Names a write: 16 random bytes, made for it and the same when it is repeated.
///
/// A row carries the id of the write that left it as it is, which is its version: no two states of a
/// row have the same one, also when it was deleted in between.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct WriteId([u8; 16]);

impl WriteId {
    /// Takes the bytes of an id.
    #[must_use]
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes of the id.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for WriteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WriteId(..)")
    }
}

/// A row as it is in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRow {
    /// Its content.
    pub row: Row,
    /// The write that left it so: its version.
    pub written_by: WriteId,
}
