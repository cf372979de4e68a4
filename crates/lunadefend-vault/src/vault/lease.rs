//! The row of an upload URL (open, leased to one attempt, or spent), and the lease of an attempt.

use super::{
    Vault, VaultError,
    fields::Fields,
    ring::Ring,
    row_keys::{Place, Purpose},
};
use crate::store::{BlobId, Row, RowKey, Table, Write, Written};
use bytes::Bytes;

const OPEN: u8 = 0;
const LEASED: u8 = 1;
const SPENT: u8 = 2;

/// What the sealed row of an upload says.
#[derive(Clone, Copy, Debug)]
pub(super) struct UploadRow {
    pub(super) token: RowKey,
    pub(super) value: RowKey,
    /// Until when an attempt may begin.
    pub(super) url_expires_at: u64,
    /// Of the session that the URL was made for, if it was made for one.
    pub(super) session: Option<OfSession>,
    pub(super) state: UploadState,
}

/// The rows of the session that an upload URL was made for.
#[derive(Clone, Copy, Debug)]
pub(super) struct OfSession {
    /// Where it says that the session has ended.
    pub(super) ended: RowKey,
    /// The quota that the value counts for, if it counts.
    pub(super) quota: Option<RowKey>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum UploadState {
    Open,
    /// An attempt is running; when nothing was heard of it at `until` it is taken for dead.
    Leased {
        blob: BlobId,
        until: u64,
    },
    Spent,
}

impl UploadRow {
    pub(super) const fn open(
        token: RowKey,
        value: RowKey,
        url_expires_at: u64,
        session: Option<OfSession>,
    ) -> Self {
        Self {
            token,
            value,
            url_expires_at,
            session,
            state: UploadState::Open,
        }
    }

    pub(super) const fn with(self, state: UploadState) -> Self {
        Self { state, ..self }
    }

    /// The row lives as long as its URL, and as long as an attempt that began in time.
    pub(super) fn seal(&self, ring: &Ring, place: &Place) -> Result<Row, VaultError> {
        let mut content = Vec::with_capacity(177);
        content.extend_from_slice(self.token.as_bytes());
        content.extend_from_slice(self.value.as_bytes());
        content.extend_from_slice(&self.url_expires_at.to_be_bytes());
        let expires_at = match self.state {
            UploadState::Open => {
                content.push(OPEN);
                self.url_expires_at
            }
            UploadState::Leased { blob, until } => {
                content.push(LEASED);
                content.extend_from_slice(blob.as_bytes());
                content.extend_from_slice(&until.to_be_bytes());
                self.url_expires_at.max(until)
            }
            UploadState::Spent => {
                content.push(SPENT);
                self.url_expires_at
            }
        };
        // At the end, and only for a session: so it is as earlier versions wrote it.
        if let Some(session) = &self.session {
            content.extend_from_slice(session.ended.as_bytes());
            if let Some(quota) = &session.quota {
                content.extend_from_slice(quota.as_bytes());
            }
        }
        ring.seal_row(place, Some(expires_at), &content)
    }

    pub(super) fn unseal(ring: &Ring, place: &Place, row: &Row) -> Result<Self, VaultError> {
        let content = ring.open_row(place, row)?;
        let mut fields = Fields::of(&content);
        let token = RowKey::new(fields.take()?);
        let value = RowKey::new(fields.take()?);
        let url_expires_at = fields.u64()?;
        let state = match fields.u8()? {
            OPEN => UploadState::Open,
            LEASED => UploadState::Leased {
                blob: BlobId::new(fields.take()?),
                until: fields.u64()?,
            },
            SPENT => UploadState::Spent,
            _ => return Err(VaultError::Corrupt),
        };
        let session = match optional_key(&mut fields)? {
            None => None,
            Some(ended) => Some(OfSession {
                ended,
                quota: optional_key(&mut fields)?,
            }),
        };
        fields.end()?;
        Ok(Self::open(token, value, url_expires_at, session).with(state))
    }
}

fn optional_key(fields: &mut Fields<'_>) -> Result<Option<RowKey>, VaultError> {
    if fields.is_empty() {
        return Ok(None);
    }
    Ok(Some(RowKey::new(fields.take()?)))
}

/// What an attempt holds: the row of its URL as it left it, and the blob that its chunks go to.
pub(super) struct Lease {
    pub(super) place: Place,
    pub(super) held: Bytes,
    pub(super) content: UploadRow,
    pub(super) blob: BlobId,
    pub(super) until: u64,
}

impl Lease {
    pub(super) const fn token_place(&self) -> Place {
        Place::new(Table::Token, Purpose::Token, self.content.token)
    }

    pub(super) const fn value_place(&self) -> Place {
        Place::new(Table::Value, Purpose::Value, self.content.value)
    }

    pub(super) const fn replace(&self, expected: Bytes, row: Row) -> Write {
        Write::Replace {
            table: self.place.table,
            key: self.place.key,
            expected,
            row,
        }
    }

    pub(super) async fn release(self, vault: &Vault) -> Result<(), VaultError> {
        let open = self.content.with(UploadState::Open);
        let row = open.seal(&vault.ring(), &self.place)?;
        let batch = vec![self.replace(self.held.clone(), row)];
        match vault.store().write(batch, vault.now()).await? {
            Written::Done => Ok(vault.store().delete_blob(&self.blob).await?),
            // Not ours any more: finished after all, or taken over. Chunks that nobody needs expire.
            Written::Conflict => Ok(()),
        }
    }
}
