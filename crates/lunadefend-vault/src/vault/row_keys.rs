//! Row keys: HMAC over the purpose and the identifiers, so that the store holds none of them.

use super::ring::Ring;
use crate::store::{RowKey, Table};
use lunadefend_core::{SessionId, TokenId};

/// What a row key, a sealed row or a tag is for. No two purposes share a key or a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Grant,
    GrantExpiry,
    UsedState,
    UsedJwt,
    EndedSession,
    Session,
    Token,
    Value,
    Upload,
    Download,
    State,
    Url,
    Quota,
}

impl Purpose {
    /// Never changes: it is in the keys and in the authenticated data of what is stored.
    pub(super) const fn label(self) -> &'static [u8] {
        match self {
            Self::Grant => b"grant",
            Self::GrantExpiry => b"grant expiry",
            Self::UsedState => b"used state",
            Self::UsedJwt => b"used jwt",
            Self::EndedSession => b"ended session",
            Self::Session => b"session",
            Self::Token => b"token",
            Self::Value => b"value",
            Self::Upload => b"upload",
            Self::Download => b"download",
            Self::State => b"state",
            Self::Url => b"url",
            Self::Quota => b"quota",
        }
    }
}

/// A place in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) table: Table,
    pub(super) purpose: Purpose,
    pub(super) key: RowKey,
}

impl Place {
    pub(super) const fn new(table: Table, purpose: Purpose, key: RowKey) -> Self {
        Self {
            table,
            purpose,
            key,
        }
    }

    pub(super) fn grant(ring: &Ring, session: &SessionId, token: &TokenId) -> Self {
        let ids = [session.expose_id().as_bytes(), token.expose_id().as_bytes()];
        Self::of(ring, Table::Grant, Purpose::Grant, &ids)
    }

    pub(super) fn used_state(ring: &Ring, random: &[u8]) -> Self {
        Self::of(ring, Table::Used, Purpose::UsedState, &[random])
    }

    pub(super) fn used_jwt(ring: &Ring, id: &[u8]) -> Self {
        Self::of(ring, Table::Used, Purpose::UsedJwt, &[id])
    }

    /// Where it says that a session of the application has ended.
    pub(super) fn ended_session(ring: &Ring, session: &SessionId) -> Self {
        let id = session.expose_id().as_bytes();
        Self::of(ring, Table::Used, Purpose::EndedSession, &[id])
    }

    pub(super) fn session(ring: &Ring, handle: &[u8]) -> Self {
        Self::of(ring, Table::Session, Purpose::Session, &[handle])
    }

    pub(super) fn token(ring: &Ring, token: &TokenId) -> Self {
        let id = token.expose_id().as_bytes();
        Self::of(ring, Table::Token, Purpose::Token, &[id])
    }

    pub(super) fn value(ring: &Ring, token: &TokenId) -> Self {
        let id = token.expose_id().as_bytes();
        Self::of(ring, Table::Value, Purpose::Value, &[id])
    }

    pub(super) fn upload(ring: &Ring, id: &[u8]) -> Self {
        Self::of(ring, Table::Upload, Purpose::Upload, &[id])
    }

    pub(super) fn download(ring: &Ring, id: &[u8]) -> Self {
        Self::of(ring, Table::Download, Purpose::Download, &[id])
    }

    pub(super) fn quota(ring: &Ring, session: &SessionId) -> Self {
        let id = session.expose_id().as_bytes();
        Self::of(ring, Table::Quota, Purpose::Quota, &[id])
    }

    pub(super) fn of(ring: &Ring, table: Table, purpose: Purpose, ids: &[&[u8]]) -> Self {
        let mut parts = vec![purpose.label()];
        parts.extend_from_slice(ids);
        Self::new(table, purpose, RowKey::new(ring.lookup().tag(&parts)))
    }
}
