//! Rows: their addresses, their content, and their versions.

use bytes::Bytes;
use lunadefend_core::provider::UnixMillis;
use std::fmt;

/// The key of a row: a keyed hash, which reveals nothing about its identifiers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowKey([u8; 32]);

impl RowKey {
    /// Makes a key of its bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes of the key.
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

/// The kinds of rows. Each table has its own key space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Table {
    /// The sealed key ring: one row.
    KeyRing = 1,
    /// A session's grants of a token, until they expire.
    Grant = 2,
    /// Used states, until their expiry.
    UsedState = 3,
    /// Browser sessions, until they expire.
    Session = 4,
    /// Tokens with their metadata; a token whose value never came expires. A deleted token stays as a mark,
    /// until every grant of it has expired.
    Token = 5,
    /// A token's finished value: a small one itself, of a larger one the blob and the key to decrypt it.
    Value = 6,
    /// Upload URLs, until they expire.
    Upload = 7,
    /// Download URLs of earlier versions, until they expire: no version writes them any more.
    Download = 8,
    /// One row for each blob. It expires with the lease of an upload and stays once the value is finished.
    /// The vault deletes a blob without a row.
    Blob = 9,
    /// Used JWTs, until their expiry.
    UsedJwt = 10,
    /// The amount that a session has stored in a day, until the day ends.
    Quota = 11,
    /// Ended sessions of the application, until all that was made for them has expired.
    EndedSession = 12,
    /// How often a value was read whose reads are counted.
    Reads = 13,
    /// Requests that may be repeated, and the token that each made, for a day.
    Replay = 14,
    /// How the store itself is looked after: few rows, each at an address of its own.
    Upkeep = 15,
}

impl Table {
    /// Every table.
    pub const ALL: [Self; 15] = [
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
        Self::Reads,
        Self::Replay,
        Self::Upkeep,
    ];

    /// Returns the name of the table, for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::KeyRing => "key-ring",
            Self::Grant => "grant",
            Self::UsedState => "used-state",
            Self::Session => "session",
            Self::Token => "token",
            Self::Value => "value",
            Self::Upload => "upload",
            Self::Download => "download",
            Self::Blob => "blob",
            Self::UsedJwt => "used-jwt",
            Self::Quota => "quota",
            Self::EndedSession => "ended-session",
            Self::Reads => "reads",
            Self::Replay => "replay",
            Self::Upkeep => "upkeep",
        }
    }

    /// Returns the number of the table, which never changes: for stores that write it.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// Returns the table with that number.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.code() == code)
    }
}

/// The address of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowAddress {
    /// The table.
    pub table: Table,
    /// The key in the table.
    pub key: RowKey,
}

/// The content of a row. `Debug` prints its length and expiry only.
#[derive(Clone, PartialEq, Eq)]
pub struct Row {
    /// Opaque to the store; at most [`MAX_BYTES`](Self::MAX_BYTES).
    pub value: Bytes,
    /// The time from which the row counts as deleted; `None`: never.
    pub expires_at: Option<UnixMillis>,
}

impl Row {
    /// The maximum of bytes in a value: 384 KiB, which fits into a DynamoDB item.
    pub const MAX_BYTES: usize = 384 * 1024;

    /// Makes a row that never expires.
    #[must_use]
    pub const fn lasting(value: Bytes) -> Self {
        Self {
            value,
            expires_at: None,
        }
    }

    /// Makes a row that counts as deleted from `expires_at` on.
    #[must_use]
    pub const fn until(expires_at: UnixMillis, value: Bytes) -> Self {
        Self {
            value,
            expires_at: Some(expires_at),
        }
    }

    /// Returns whether the row is live at `now`; at its expiry it is not.
    #[must_use]
    pub fn is_live(&self, now: UnixMillis) -> bool {
        self.expires_at.is_none_or(|at| now < at)
    }

    /// Returns whether the row expires strictly before another one.
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

/// The identifier of a write: 16 random bytes, which a repeated write keeps.
///
/// A row carries the id of its last write as its version. No two states of a row have the same version, even
/// when it was deleted in between.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct WriteId([u8; 16]);

impl WriteId {
    /// Makes an id of its bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes of the id.
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

/// A row as the store holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRow {
    /// The content.
    pub row: Row,
    /// The last write of the row: its version.
    pub written_by: WriteId,
}
