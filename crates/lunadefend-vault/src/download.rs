//! Downloads: short-lived tickets, checked again when they are used.

use crate::{
    DownloadId, UrlId, Vault, VaultError,
    rows::{
        download::{self, DownloadRow, Granted},
        grant, marks, token,
        value::{self, ValueRow},
    },
    store::RowAddress,
    stream::ChunkCipher,
    vault::insert,
};
use bytes::Bytes;
use lunadefend_core::{
    SessionId,
    provider::{TokenId, UnixMillis},
};
use std::{fmt, time::Duration};

/// How long a running download goes on without a look at the row of its value. It leaves time for the look.
const CHECK_AFTER: Duration = Duration::from_secs(2);
const _: () = assert!(CHECK_AFTER.as_millis() < Vault::DELETED_VALUE_ENDS_WITHIN.as_millis());

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
    /// The time after which a running download of a deleted value gets no further chunk: 5 seconds.
    pub const DELETED_VALUE_ENDS_WITHIN: Duration = Duration::from_secs(5);

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
        let token_at = token::address(&ring, token);
        let Some(epoch) = self.epoch(token_at).await? else {
            return Ok(None);
        };
        let download = DownloadId::from(UrlId::generate()?);
        let expires_at = (self.now() + Self::DOWNLOAD_LIFETIME).min(not_after);
        let at = download::address(&ring, download);
        let content = DownloadRow {
            granted: Granted {
                grant: grant::address(&ring, session, token, epoch),
                value,
                ended: marks::ended_session(&ring, session),
            },
            token: Some((token_at, epoch)),
        };
        let row = ring.seal_row(&at, Some(expires_at), &content)?;
        self.apply(vec![insert(at, row)]).await?;
        Ok(Some(IssuedDownload {
            download,
            expires_at,
        }))
    }

    /// Opens a value for a permitted download. `None` when the permission is unknown or expired, when its
    /// grant is no longer live or was revoked, when its session has ended, or when its token was deleted.
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
        let DownloadRow { granted, token } = ring.open_row(&at, &held.row)?;
        if let Some((token, epoch)) = token
            && self.epoch(token).await? != Some(epoch)
        {
            return Ok(None);
        }
        let grant = self.live_grant(granted.grant, granted.ended).await?;
        if grant.is_none() {
            return Ok(None);
        }
        let checked_at = self.now();
        let [held] = self.live([granted.value]).await?;
        let Some(held) = held else {
            return Ok(None);
        };
        let value: ValueRow = ring.open_row(&granted.value, &held.row)?;
        Ok(Some(Download {
            vault: self.clone(),
            cipher: value.cipher(&granted.value),
            at: granted.value,
            checked_at,
            value,
            next: 0,
            failed: false,
        }))
    }
}

/// A value that is being read, one chunk in memory at a time.
pub struct Download {
    vault: Vault,
    /// The row of the value, and the time when it was last seen.
    at: RowAddress,
    checked_at: UnixMillis,
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
    /// [`VaultError::Deleted`] when the value was deleted, [`VaultError::Corrupt`] when the chunk is missing or
    /// differs from the stored one.
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
        self.check_now_and_then().await?;
        let store = self.vault.store();
        let Some(sealed) = store.read(self.value.blob(), index).await? else {
            // The blob goes after its row.
            self.check().await?;
            return Err(VaultError::Corrupt);
        };
        let last = index + 1 == self.value.chunks;
        let chunk = self.cipher.open(index, last, &sealed)?;
        if Some(chunk.len() as u64) != self.value.length_of(index) {
            return Err(VaultError::Corrupt);
        }
        self.next = index + 1;
        self.failed = false;
        Ok(Some(Bytes::from_owner(chunk)))
    }

    /// Looks again whether the value is there, unless it was seen just now. The clock may be set meanwhile, in
    /// either direction.
    async fn check_now_and_then(&mut self) -> Result<(), VaultError> {
        let now = self.vault.now();
        if u128::from(now.get().abs_diff(self.checked_at.get())) >= CHECK_AFTER.as_millis() {
            self.check().await?;
            self.checked_at = now;
        }
        Ok(())
    }

    async fn check(&self) -> Result<(), VaultError> {
        let [held] = self.vault.rows([self.at]).await?;
        held.map(drop).ok_or(VaultError::Deleted)
    }
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("length", &self.value.length)
            .finish_non_exhaustive()
    }
}
