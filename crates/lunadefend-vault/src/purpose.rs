//! What the keys of the ring are used for.

use crate::store::Table;

/// What a row key, a sealed row or a tag is for. No two purposes share a key or a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A row's key, and what it is sealed for.
    Row(Table),
    /// The tag in the row of a grant.
    GrantTag,
    /// The tag of a state.
    State,
    /// The tag of a signed URL.
    Url,
}

impl Purpose {
    /// Never changes: it is in the keys and in the authenticated data of what is stored.
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
            Self::GrantTag => b"grant expiry",
            Self::State => b"state",
            Self::Url => b"url",
        }
    }
}
