//! Uploads: one value for one URL, in chunks, all or nothing.

use super::{
    UploadError, Vault, VaultError,
    lease::{Lease, UploadRow, UploadState},
    row_keys::Place,
    stream::{CHUNK_SIZE, ChunkCipher, ValueInfo},
    tokens::insert,
    urls::UrlId,
};
use crate::store::{BlobId, Row, Table, Write, Written};
use bytes::Bytes;
use lunadefend_crypto::random_bytes;
use std::{fmt, mem};
use tokio::runtime::Handle;
use zeroize::{Zeroize, Zeroizing};

/// How long an attempt may be silent before another may begin, in milliseconds.
const LEASE: u64 = 60 * 1000;

/// Names the upload of one token; random.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UploadId(UrlId);

impl UploadId {
    pub(super) const fn url_id(self) -> UrlId {
        self.0
    }
}

impl From<UrlId> for UploadId {
    fn from(id: UrlId) -> Self {
        Self(id)
    }
}

impl From<UploadId> for UrlId {
    fn from(id: UploadId) -> Self {
        id.0
    }
}

impl Vault {
    /// Begins to upload the value of a token: call it when the first byte of the body is there.
    ///
    /// The attempt holds a lease on its URL; a second one is refused meanwhile. It ends with
    /// [`Upload::commit`], after which the URL is spent, or without, after which another attempt
    /// may begin: at once when the [`Upload`] was aborted or dropped, a minute after its last
    /// chunk when the process died. `max_length` in bytes is what the URL was signed with.
    ///
    /// # Errors
    /// [`UploadError::Unknown`], [`UploadError::Used`], [`UploadError::Busy`], or
    /// [`UploadError::Vault`].
    pub async fn begin_upload(
        &self,
        upload: &UploadId,
        max_length: u64,
    ) -> Result<Upload, UploadError> {
        let ring = self.ring();
        let place = Place::upload(&ring, upload.0.as_bytes());
        let row = self.live(&place).await?.ok_or(UploadError::Unknown)?;
        let found = UploadRow::unseal(&ring, &place, &row)?;
        let now = self.now();
        match found.state {
            UploadState::Spent => return Err(UploadError::Used),
            UploadState::Leased { until, .. } if now < until => return Err(UploadError::Busy),
            UploadState::Open | UploadState::Leased { .. } => {}
        }
        if now >= found.url_expires_at {
            return Err(UploadError::Unknown);
        }
        if let Some(ended) = &found.ended
            && self.is_marked_as_ended(ended).await?
        {
            return Err(UploadError::Unknown);
        }

        let blob = BlobId::new(random_bytes().map_err(VaultError::from)?);
        let until = now.saturating_add(LEASE);
        let content = found.with(UploadState::Leased { blob, until });
        let leased = content.seal(&ring, &place)?;
        let lease = Lease {
            place,
            held: leased.value.clone(),
            content,
            blob,
            until,
        };
        let batch = vec![
            lease.replace(row.value, leased),
            Write::Insert {
                table: Table::Blob,
                key: blob.row_key(),
                row: Row::until(until, Bytes::new()),
            },
        ];
        match self.store().write(batch, now).await? {
            Written::Conflict => Err(UploadError::Busy),
            Written::Done => Ok(Upload {
                cipher: ChunkCipher::generate(&lease.value_place(), ring.current_version())?,
                vault: self.clone(),
                lease: Some(lease),
                buffer: Zeroizing::new(Vec::new()),
                chunks: 0,
                length: 0,
                max_length,
                broken: false,
            }),
        }
    }
}

/// A running upload: chunks are sealed and stored as they fill, so that a value of any length needs
/// the memory of one.
///
/// Dropping it without [`commit`](Self::commit) gives the lease back in the background, so that
/// the client can try again.
#[must_use = "an upload that is dropped is aborted"]
pub struct Upload {
    vault: Vault,
    /// Gone once the upload has ended.
    lease: Option<Lease>,
    /// Used once, for this attempt.
    cipher: ChunkCipher,
    buffer: Zeroizing<Vec<u8>>,
    chunks: u32,
    length: u64,
    max_length: u64,
    broken: bool,
}

impl Upload {
    /// Adds bytes to the value.
    ///
    /// # Errors
    /// [`UploadError::TooLarge`] beyond the maximum, [`UploadError::Lost`] when the lease ended, or
    /// [`UploadError::Vault`]. After an error, or when the future was dropped, the value cannot be
    /// finished any more: drop or abort the upload.
    pub async fn write(&mut self, data: Bytes) -> Result<(), UploadError> {
        let length = self.length.saturating_add(data.len() as u64);
        if length > self.max_length {
            self.broken = true;
            return Err(UploadError::TooLarge(self.max_length));
        }
        let mut rest = &data[..];
        while !rest.is_empty() {
            // A full chunk is stored when more follows: only then it is not the last.
            if self.buffer.len() == CHUNK_SIZE as usize {
                self.store_chunk(false).await?;
            }
            if self.buffer.capacity() == 0 {
                // At once at its full size: growing would leave unwiped copies behind.
                self.buffer.reserve_exact(CHUNK_SIZE as usize);
            }
            let room = CHUNK_SIZE as usize - self.buffer.len();
            let (now, later) = rest.split_at(room.min(rest.len()));
            self.buffer.extend_from_slice(now);
            rest = later;
        }
        self.length = length;
        Ok(())
    }

    /// Finishes the value and returns its length. In one transaction the token gets its value and
    /// the URL is spent; before, nobody can read any of it.
    ///
    /// # Errors
    /// [`UploadError::Lost`] when the lease ended, or [`UploadError::Vault`].
    pub async fn commit(mut self) -> Result<u64, UploadError> {
        self.store_chunk(true).await?;
        let lease = self.lease.as_ref().ok_or(UploadError::Lost)?;
        let ring = self.vault.ring();
        let info = ValueInfo {
            blob: lease.blob,
            cipher: self.cipher.clone(),
            chunk_size: CHUNK_SIZE,
            chunks: self.chunks,
            length: self.length,
        };
        let value_place = lease.value_place();
        let value_row = ring.seal_row(&value_place, None, &info.encode())?;

        // The token stops waiting for its value: its row stays from now on.
        let token_place = lease.token_place();
        let token = self.vault.live(&token_place).await?;
        let token = token.ok_or(UploadError::Lost)?;
        let metadata = ring.open_row(&token_place, &token)?;

        let spent = lease.content.with(UploadState::Spent);
        let batch = vec![
            lease.replace(lease.held.clone(), spent.seal(&ring, &lease.place)?),
            Write::Replace {
                table: Table::Blob,
                key: lease.blob.row_key(),
                expected: Bytes::new(),
                row: Row::lasting(Bytes::new()),
            },
            insert(&value_place, value_row),
            Write::Replace {
                table: token_place.table,
                key: token_place.key,
                expected: token.value,
                row: ring.seal_row(&token_place, None, &metadata)?,
            },
        ];
        self.apply(batch).await?;
        self.lease = None;
        Ok(self.length)
    }

    /// Ends the upload without a value and gives the lease back, so that another may begin.
    ///
    /// # Errors
    /// [`VaultError::Store`]; the lease then ends by itself within a minute.
    pub async fn abort(mut self) -> Result<(), VaultError> {
        match self.lease.take() {
            Some(lease) => lease.release(&self.vault).await,
            None => Ok(()),
        }
    }

    async fn store_chunk(&mut self, last: bool) -> Result<(), UploadError> {
        // Whatever goes wrong, also that the caller stops waiting: an index is sealed once, since
        // its nonce must not be used for other bytes.
        if mem::replace(&mut self.broken, true) {
            return Err(UploadError::Lost);
        }
        self.renew().await?;
        let lease = self.lease.as_ref().ok_or(UploadError::Lost)?;
        let index = self.chunks;
        let chunks = index
            .checked_add(1)
            .ok_or(UploadError::TooLarge(self.max_length))?;
        let sealed = self.cipher.seal(index, last, &self.buffer)?;
        self.buffer.zeroize();
        let store = self.vault.store();
        match store.put_chunk(&lease.blob, index, sealed.into()).await? {
            Written::Done => {
                self.chunks = chunks;
                self.broken = false;
                Ok(())
            }
            Written::Conflict => Err(UploadError::Lost),
        }
    }

    /// Keeps the lease while the upload makes progress.
    async fn renew(&mut self) -> Result<(), UploadError> {
        let now = self.vault.now();
        let lease = self.lease.as_ref().ok_or(UploadError::Lost)?;
        if now >= lease.until {
            // The chunks may be gone already.
            return Err(UploadError::Lost);
        }
        if lease.until - now > LEASE / 2 {
            return Ok(());
        }
        let until = now.saturating_add(LEASE);
        let blob = lease.blob;
        let content = lease.content.with(UploadState::Leased { blob, until });
        let row = content.seal(&self.vault.ring(), &lease.place)?;
        let held = row.value.clone();
        let batch = vec![
            lease.replace(lease.held.clone(), row),
            Write::Replace {
                table: Table::Blob,
                key: blob.row_key(),
                expected: Bytes::new(),
                row: Row::until(until, Bytes::new()),
            },
        ];
        self.apply(batch).await?;
        self.lease = Some(Lease {
            held,
            content,
            until,
            ..self.lease.take().ok_or(UploadError::Lost)?
        });
        Ok(())
    }

    async fn apply(&self, batch: Vec<Write>) -> Result<(), UploadError> {
        let now = self.vault.now();
        match self.vault.store().write(batch, now).await? {
            Written::Done => Ok(()),
            Written::Conflict => Err(UploadError::Lost),
        }
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        let Some(lease) = self.lease.take() else {
            return;
        };
        // Outside of a runtime the lease ends by itself.
        if let Ok(runtime) = Handle::try_current() {
            let vault = self.vault.clone();
            runtime.spawn(async move {
                if let Err(error) = lease.release(&vault).await {
                    tracing::debug!(error = %error, "the lease of an aborted upload ends by itself");
                }
            });
        }
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload")
            .field("length", &self.length)
            .field("max_length", &self.max_length)
            .finish_non_exhaustive()
    }
}
