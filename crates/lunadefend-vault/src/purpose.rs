//! The uses of the keys of the ring.

use crate::store::Table;

/// The purpose of a row key, a sealed row or a tag. No two purposes share a key or a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The key of a row, and its sealing.
    Row(Table),
    /// The tag in the row of a grant.
    GrantTag,
    /// The tag of a state.
    State,
    /// The tag of a signed URL.
    Url,
    /// The sealing of a download ticket.
    Ticket,
    /// The tag of a request that may be repeated.
    RequestBody,
    /// The tag of a read that may be repeated.
    Read,
    /// The tag of a backup.
    Backup,
    /// The tag of a line in the list of deletions.
    Deletion,
    /// The name of the store in backups and lists of deletions.
    StoreName,
}

impl Purpose {
    /// Never changes: it is part of row keys and of the authenticated data of stored rows.
    pub(crate) const fn label(self) -> &'static [u8] {
        match self {
            Self::Row(Table::KeyRing) => b"key ring",
            Self::Row(Table::Grant) => b"grant",
            Self::Row(Table::UsedState) => b"used state",
            Self::Row(Table::UsedJwt) => b"used jwt",
            Self::Row(Table::EndedSession) => b"ended session",
            Self::Row(Table::Session) => b"session",
            Self::Row(Table::Token) => b"token",
            Self::Row(Table::Value) => b"value",
            Self::Row(Table::Upload) => b"upload",
            Self::Row(Table::Download) => b"download",
            Self::Row(Table::Blob) => b"blob",
            Self::Row(Table::Quota) => b"quota",
            Self::Row(Table::Reads) => b"reads",
            Self::Row(Table::Replay) => b"replay",
            Self::Row(Table::Upkeep) => b"upkeep",
            Self::GrantTag => b"grant expiry",
            Self::State => b"state",
            Self::Url => b"url",
            Self::Ticket => b"download ticket",
            Self::RequestBody => b"request body",
            Self::Read => b"read",
            Self::Backup => b"backup",
            Self::Deletion => b"deletion",
            Self::StoreName => b"store name",
        }
    }
}
