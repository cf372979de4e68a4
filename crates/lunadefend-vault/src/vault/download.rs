//! Downloads: short-lived tickets, checked again when they are used.

use super::{
    Vault, VaultError,
    fields::Fields,
    row_keys::{Place, Purpose},
    stream::ValueInfo,
    tokens::insert,
    urls::UrlId,
};
use crate::store::{RowKey, Table};
use bytes::Bytes;
use lunadefend_core::{SessionId, TokenId};
use std::fmt;

/// Names a permission to download one value; random.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DownloadId(UrlId);

impl DownloadId {
    pub(super) const fn url_id(self) -> UrlId {
        self.0
    }
}

impl From<UrlId> for DownloadId {
    fn from(id: UrlId) -> Self {
        Self(id)
    }
}

impl From<DownloadId> for UrlId {
    fn from(id: DownloadId) -> Self {
        id.0
    }
}

/// A download that was permitted.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct IssuedDownload {
    /// What a download URL is made for.
    pub download: DownloadId,
    /// Until when: what the download URL is signed with.
    pub expires_at: u64,
}

impl Vault {
    /// How long a download URL is good for at most: 60 seconds, in milliseconds.
    pub const DOWNLOAD_LIFETIME: u64 = 60 * 1000;

    /// Permits the download of a token's value, for a minute at most and not after `not_after`,
    /// which is the expiry of the session's grant. `None` when the token has no value.
    ///
    /// # Security
    /// It does not look whether the session has a grant; [`open_download`](Self::open_download)
    /// does, each time.
    ///
    /// # Errors
    /// A [`VaultError`] when the store failed.
    pub async fn issue_download(
        &self,
        session: &SessionId,
        token: &TokenId,
        not_after: u64,
    ) -> Result<Option<IssuedDownload>, VaultError> {
        let ring = self.ring();
        let value = Place::value(&ring, token);
        if self.live(&value).await?.is_none() {
            return Ok(None);
        }
        let download = DownloadId(UrlId::generate()?);
        let expires_at = self
            .now()
            .saturating_add(Self::DOWNLOAD_LIFETIME)
            .min(not_after);
        let place = Place::download(&ring, download.0.as_bytes());
        let grant = Place::grant(&ring, session, token);
        let ended = Place::ended_session(&ring, session);
        let content = [grant.key, value.key, ended.key].map(|key| *key.as_bytes());
        let content = content.concat();
        let row = ring.seal_row(&place, Some(expires_at), &content)?;
        self.write(vec![insert(&place, row)]).await?;
        Ok(Some(IssuedDownload {
            download,
            expires_at,
        }))
    }

    /// Opens a value that was permitted to be downloaded. `None` when the permission is unknown or
    /// has expired, or the grant that it was issued for is not live any more, or its session has ended.
    ///
    /// # Errors
    /// [`VaultError::Corrupt`] when a row was changed or moved.
    pub async fn open_download(&self, id: &DownloadId) -> Result<Option<Download>, VaultError> {
        let ring = self.ring();
        let place = Place::download(&ring, id.0.as_bytes());
        let Some(row) = self.live(&place).await? else {
            return Ok(None);
        };
        let content = ring.open_row(&place, &row)?;
        let mut fields = Fields::of(&content);
        let grant = RowKey::new(fields.take()?);
        let value = RowKey::new(fields.take()?);
        if fields.is_empty() {
            // Of a version that did not know that sessions end. Such a row lives for a minute.
            return Ok(None);
        }
        let ended = RowKey::new(fields.take()?);
        fields.end()?;

        let grant = Place::new(Table::Grant, Purpose::Grant, grant);
        if self.live_grant(&grant, &ended).await?.is_none() {
            return Ok(None);
        }
        let value = Place::new(Table::Value, Purpose::Value, value);
        let Some(row) = self.live(&value).await? else {
            return Ok(None);
        };
        let info = ValueInfo::decode(&value, &ring.open_row(&value, &row)?)?;
        Ok(Some(Download {
            vault: self.clone(),
            info,
            next: 0,
            failed: false,
        }))
    }
}

/// A value that is being read, one chunk in memory at a time.
pub struct Download {
    vault: Vault,
    info: ValueInfo,
    next: u32,
    failed: bool,
}

impl Download {
    /// How many bytes the whole value has.
    #[must_use]
    pub const fn length(&self) -> u64 {
        self.info.length
    }

    /// The next part of the value, in order; `None` after the last. The bytes are wiped when they
    /// are dropped.
    ///
    /// # Errors
    /// [`VaultError::Corrupt`] when the chunk is missing or is not the one that was stored there.
    ///
    /// # Security
    /// After an error the part that was delivered is a value cut short: abort the connection, so
    /// that nobody takes it for the whole.
    pub async fn next_chunk(&mut self) -> Result<Option<Bytes>, VaultError> {
        let index = self.next;
        if self.failed {
            return Err(VaultError::Corrupt);
        }
        if index == self.info.chunks {
            return Ok(None);
        }
        // Until the chunk is there in full, also when the caller stops waiting.
        self.failed = true;
        let sealed = self.vault.store().get_chunk(&self.info.blob, index).await?;
        let sealed = sealed.ok_or(VaultError::Corrupt)?;
        let last = index + 1 == self.info.chunks;
        let chunk = self.info.cipher.open(index, last, &sealed)?;
        if Some(chunk.len() as u64) != self.info.length_of(index) {
            return Err(VaultError::Corrupt);
        }
        self.next = index + 1;
        self.failed = false;
        Ok(Some(Bytes::from_owner(chunk)))
    }
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("length", &self.info.length)
            .finish_non_exhaustive()
    }
}
