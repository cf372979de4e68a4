//! The row of an upload URL: open, leased to one attempt, or spent.

use crate::{
    UploadId, VaultError,
    fields::Fields,
    form::{Form, NoOlder},
    lease::LEASE,
    ring::Ring,
    store::{BlobId, RowAddress, Table},
};
use lunadefend_core::provider::UnixMillis;

pub(crate) fn address(ring: &Ring, id: UploadId) -> RowAddress {
    ring.address(Table::Upload, &[id.as_bytes()])
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct UploadRow {
    pub(crate) token: RowAddress,
    pub(crate) value: RowAddress,
    /// The time until which an attempt may begin.
    pub(crate) url_expires_at: UnixMillis,
    /// The rows of the session that the URL was made for, if any.
    pub(crate) session: Option<OfSession>,
    pub(crate) state: UploadState,
}

/// The rows of the session that an upload URL was made for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OfSession {
    /// The row that marks the session as ended.
    pub(crate) ended: RowAddress,
    /// The quota that the value counts for, if it counts.
    pub(crate) quota: Option<RowAddress>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum UploadState {
    Open,
    /// An attempt is running; without progress until `until` it counts as dead.
    Leased {
        blob: BlobId,
        until: UnixMillis,
    },
    Spent,
}

const OPEN: u8 = 0;
const LEASED: u8 = 1;
const SPENT: u8 = 2;

impl UploadRow {
    pub(crate) const fn with(self, state: UploadState) -> Self {
        Self { state, ..self }
    }

    /// The row lives as long as its URL, and as long as an attempt that began in time: a small value has no lease,
    /// but the time of one.
    pub(crate) fn expires_at(&self) -> UnixMillis {
        let small_ends_at = self.url_expires_at + LEASE;
        match self.state {
            UploadState::Leased { until, .. } => small_ends_at.max(until),
            UploadState::Open | UploadState::Spent => small_ends_at,
        }
    }
}

impl Form for UploadRow {
    type Older = NoOlder;

    const VERSION: u8 = 1;

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.token.key.as_bytes());
        out.extend_from_slice(self.value.key.as_bytes());
        out.extend_from_slice(&self.url_expires_at.get().to_be_bytes());
        match self.state {
            UploadState::Open => out.push(OPEN),
            UploadState::Leased { blob, until } => {
                out.push(LEASED);
                out.extend_from_slice(blob.as_bytes());
                out.extend_from_slice(&until.get().to_be_bytes());
            }
            UploadState::Spent => out.push(SPENT),
        }
        if let Some(session) = &self.session {
            out.extend_from_slice(session.ended.key.as_bytes());
            if let Some(quota) = &session.quota {
                out.extend_from_slice(quota.key.as_bytes());
            }
        }
    }

    fn decode(fields: &mut Fields<'_>) -> Result<Self, VaultError> {
        Ok(Self {
            token: fields.address(Table::Token)?,
            value: fields.address(Table::Value)?,
            url_expires_at: fields.time()?,
            state: match fields.u8()? {
                OPEN => UploadState::Open,
                LEASED => UploadState::Leased {
                    blob: BlobId::new(fields.take()?),
                    until: fields.time()?,
                },
                SPENT => UploadState::Spent,
                _ => return Err(VaultError::Corrupt),
            },
            session: match fields.optional_address(Table::EndedSession)? {
                None => None,
                Some(ended) => Some(OfSession {
                    ended,
                    quota: fields.optional_address(Table::Quota)?,
                }),
            },
        })
    }

    fn upgrade(older: NoOlder) -> Self {
        match older {}
    }
}
