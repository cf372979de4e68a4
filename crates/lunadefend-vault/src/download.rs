//! Downloads: short-lived tickets, checked again when they are used.

use crate::{
    DownloadId, UrlId, Vault, VaultError,
    rows::{
        download::{self, DownloadRow},
        grant, marks,
        value::{self, ValueRow},
    },
    stream::ChunkCipher,
    vault::insert,
};
use bytes::Bytes;
use lunadefend_core::{
    SessionId,
    provider::{TokenId, UnixMillis},
};
use std::{fmt, time::Duration};

/// A permitted download.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct IssuedDownload {
    /// The download that a URL is signed for.
    pub download: DownloadId,
    /// The expiry that the download URL is signed with.
    pub expires_at: UnixMillis,
}

impl Vault {
    /// The longest lifetime of a download URL: 60 seconds.
    pub const DOWNLOAD_LIFETIME: Duration = Duration::from_secs(60);

    /// Permits the download of a token's value, for a minute at most and not after `not_after`,
    /// which is the expiry of the session's grant. `None` when the token has no value.
    ///
    /// # Security
    /// It does not check for a grant of the session; [`open_download`](Self::open_download) does, on each
    /// use.
    ///
    /// # Errors
    /// A [`VaultError`] when the store fails.
    pub async fn issue_download(
        &self,
        session: &SessionId,
        token: &TokenId,
        not_after: UnixMillis,
    ) -> Result<Option<IssuedDownload>, VaultError> {
        let ring = self.ring();
        let value = value::address(&ring, token);
        let [held] = self.live([value]).await?;
        if held.is_none() {
            return Ok(None);
        }
        let download = DownloadId::from(UrlId::generate()?);
        let expires_at = (self.now() + Self::DOWNLOAD_LIFETIME).min(not_after);
        let at = download::address(&ring, download);
        let content = DownloadRow {
            grant: grant::address(&ring, session, token),
            value,
            ended: marks::ended_session(&ring, session),
        };
        let row = ring.seal_row(&at, Some(expires_at), &content)?;
        self.apply(vec![insert(at, row)]).await?;
        Ok(Some(IssuedDownload {
            download,
            expires_at,
        }))
    }

    /// Opens a value for a permitted download. `None` when the permission is unknown or expired, when its
    /// grant is no longer live, or when its session has ended.
    ///
    /// # Errors
    /// [`VaultError::Corrupt`] when a row was changed or moved.
    pub async fn open_download(&self, id: &DownloadId) -> Result<Option<Download>, VaultError> {
        let ring = self.ring();
        let at = download::address(&ring, *id);
        let [held] = self.live([at]).await?;
        let Some(held) = held else {
            return Ok(None);
        };
        let permitted: DownloadRow = ring.open_row(&at, &held.row)?;
        let grant = self.live_grant(permitted.grant, permitted.ended).await?;
        if grant.is_none() {
            return Ok(None);
        }
        let [held] = self.live([permitted.value]).await?;
        let Some(held) = held else {
            return Ok(None);
        };
        let value: ValueRow = ring.open_row(&permitted.value, &held.row)?;
        Ok(Some(Download {
            vault: self.clone(),
            cipher: value.cipher(&permitted.value),
            value,
            next: 0,
            failed: false,
        }))
    }
}

/// A value that is being read, one chunk in memory at a time.
pub struct Download {
    vault: Vault,
    value: ValueRow,
    cipher: ChunkCipher,
    next: u32,
    failed: bool,
}

impl Download {
    /// The length of the whole value, in bytes.
    #[must_use]
    pub const fn length(&self) -> u64 {
        self.value.length
    }

    /// Returns the next part of the value, in order; `None` after the last. The bytes are wiped when they are
    /// dropped.
    ///
    /// # Errors
    /// [`VaultError::Corrupt`] when the chunk is missing or differs from the stored one.
    ///
    /// # Security
    /// After an error the client has only the start of the value. Abort the connection, so that they do not
    /// take it for the whole.
    pub async fn next_chunk(&mut self) -> Result<Option<Bytes>, VaultError> {
        let index = self.next;
        if self.failed {
            return Err(VaultError::Corrupt);
        }
        if index == self.value.chunks {
            return Ok(None);
        }
        // Until the chunk is there in full, also when the caller stops waiting.
        self.failed = true;
        let store = self.vault.store();
        let sealed = store.read(self.value.blob(), index).await?;
        let sealed = sealed.ok_or(VaultError::Corrupt)?;
        let last = index + 1 == self.value.chunks;
        let chunk = self.cipher.open(index, last, &sealed)?;
        if Some(chunk.len() as u64) != self.value.length_of(index) {
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
            .field("length", &self.value.length)
            .finish_non_exhaustive()
    }
}
