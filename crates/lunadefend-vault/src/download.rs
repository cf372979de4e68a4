//! Downloads: short-lived tickets, checked again when they are used.

use crate::{
    DownloadTicket, Vault, VaultError,
    rows::{
        grant, token,
        value::{self, BlobValue, SmallValue, ValueRow},
    },
    store::RowAddress,
    stream::ChunkCipher,
};
use bytes::Bytes;
use lunadefend_core::{
    SessionId,
    provider::{TokenId, UnixMillis},
};
use std::{fmt, time::Duration};
use zeroize::Zeroizing;

/// How long a running download goes on without a look at the row of its value. It leaves time for the look.
const CHECK_AFTER: Duration = Duration::from_secs(2);
const _: () = assert!(CHECK_AFTER.as_millis() < Vault::DELETED_VALUE_ENDS_WITHIN.as_millis());

impl Vault {
    /// The time after which a running download of a deleted value gets no further chunk: 5 seconds.
    pub const DELETED_VALUE_ENDS_WITHIN: Duration = Duration::from_secs(5);

    /// The longest lifetime of a download URL: 60 seconds.
    pub const DOWNLOAD_LIFETIME: Duration = Duration::from_secs(60);

    /// Permits the download of a token's value, for a minute at most and not after `not_after`,
    /// which is the expiry of the session's grant. `None` when the token has no value, or it may not be read
    /// again. It writes nothing, except for a value whose reads are counted: each permission is a read.
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
    ) -> Result<Option<DownloadTicket>, VaultError> {
        let ring = self.ring();
        let token_at = token::address(&ring, token);
        let [held_token, held_value] = self.live([token_at, value::address(&ring, token)]).await?;
        let made = self
            .token_row(&token_at, held_token.as_ref())?
            .made(self.now());
        let (Some(made), Some(_)) = (made, held_value) else {
            return Ok(None);
        };
        if let Some(reads) = made.reads
            && (self.counts_as_read(&made) || !self.count_new_read(session, token, reads).await?)
        {
            return Ok(None);
        }
        let expires_at = (self.now() + Self::DOWNLOAD_LIFETIME).min(not_after);
        let ticket = DownloadTicket::new(&ring, session, token, made.epoch, expires_at);
        Ok(Some(ticket))
    }

    /// Opens a value for a permitted download. `None` when the permission has expired, when its
    /// grant is no longer live or was revoked, when its session has ended, or when its token was deleted or has
    /// expired.
    ///
    /// # Errors
    /// [`VaultError::Corrupt`] when a row was changed or moved.
    pub async fn open_download(
        &self,
        ticket: &DownloadTicket,
    ) -> Result<Option<Download>, VaultError> {
        let checked_at = self.now();
        let DownloadTicket {
            token,
            value,
            grant,
            ended,
            epoch,
            expires_at,
        } = *ticket;
        let [held_token, held_grant, held_end, held_value] =
            self.rows([token, grant, ended, value]).await?;
        let present = self
            .token_row(&token, held_token.as_ref())?
            .epoch(checked_at);
        if checked_at >= expires_at || present != Some(epoch) {
            return Ok(None);
        }
        let ring = self.ring();
        let (held_grant, held_end) = (held_grant.as_ref(), held_end.as_ref());
        let granted = grant::live_until(&ring, &grant, held_grant, held_end, checked_at)?;
        let held_value = held_value.filter(|held| held.row.is_live(checked_at));
        let (Some(_), Some(held_value)) = (granted, held_value) else {
            return Ok(None);
        };
        let row = ring.open_row(&value, &held_value.row)?;
        Ok(Some(Download::new(self, value, row, checked_at)))
    }
}

/// A value that is being read, one chunk in memory at a time.
pub struct Download {
    vault: Vault,
    /// The row of the value, and the time when it was last seen.
    at: RowAddress,
    checked_at: UnixMillis,
    length: u64,
    rest: Rest,
    failed: bool,
}

/// What is still to be read.
enum Rest {
    /// A small value, or nothing any more.
    Small(Option<Zeroizing<Vec<u8>>>),
    Chunks {
        value: BlobValue,
        cipher: ChunkCipher,
        next: u32,
    },
}

impl Download {
    /// `row` is the content of the row at `at`, which was read at `checked_at`.
    pub(crate) fn new(
        vault: &Vault,
        at: RowAddress,
        row: ValueRow,
        checked_at: UnixMillis,
    ) -> Self {
        Self {
            vault: vault.clone(),
            at,
            checked_at,
            length: row.length(),
            rest: match row {
                ValueRow::Small(SmallValue(value)) => Rest::Small(Some(value)),
                ValueRow::Blob(value) => Rest::Chunks {
                    cipher: value.cipher(&at),
                    value,
                    next: 0,
                },
            },
            failed: false,
        }
    }

    /// The length of the whole value, in bytes.
    #[must_use]
    pub const fn length(&self) -> u64 {
        self.length
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
        if self.failed {
            return Err(VaultError::Corrupt);
        }
        let (blob, index) = match &mut self.rest {
            Rest::Small(value) => {
                let value = value.take().filter(|value| !value.is_empty());
                return Ok(value.map(Bytes::from_owner));
            }
            Rest::Chunks { value, next, .. } if *next == value.chunks => return Ok(None),
            Rest::Chunks { value, next, .. } => (value.blob(), *next),
        };
        // Until the chunk is there in full, also when the caller stops waiting.
        self.failed = true;
        self.check_now_and_then().await?;
        let Some(sealed) = self.vault.store().read(blob, index).await? else {
            // The blob goes after its row.
            self.check().await?;
            return Err(VaultError::Corrupt);
        };
        let Rest::Chunks {
            value,
            cipher,
            next,
        } = &mut self.rest
        else {
            return Err(VaultError::Corrupt);
        };
        let last = index + 1 == value.chunks;
        let chunk = cipher.open(index, last, sealed)?;
        if Some(chunk.as_ref().len() as u64) != value.length_of(index) {
            return Err(VaultError::Corrupt);
        }
        *next = index + 1;
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
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}
