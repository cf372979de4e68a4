//! Uploads: one value for one URL, in chunks, all or nothing.

use crate::{
    Mask, OverQuota, Quota, UploadError, Vault, VaultError,
    lease::Lease,
    quota::TRIES,
    rows::{
        token::{AboutValue, MadeToken, TokenRow},
        upload::{UploadRow, UploadState},
        value::{BlobValue, SmallValue, ValueRow},
    },
    store::{Blob, BlobWriter, RowAddress, Write, WriteId},
    stream::{CHUNK_SIZE, ChunkCipher, ChunkKey, part_bytes},
    vault::{insert, replace},
};
use bytes::Bytes;
use lunadefend_core::wire::{MAX_INLINE, ValueKind};
use std::{fmt, mem};
use tokio::runtime::Handle;
use zeroize::Zeroizing;

/// A running upload. It seals and stores chunks as they fill, so that a value of any length needs the memory
/// of the one that fills and of those on their way to the store. A value that fits into a row is written by [`commit`](Self::commit) alone.
///
/// Dropping it without [`commit`](Self::commit) gives the lease back in the background, so that
/// the client can try again.
#[must_use = "an upload that is dropped is aborted"]
pub struct Upload {
    vault: Vault,
    /// The row of its URL.
    at: RowAddress,
    token: RowAddress,
    value: RowAddress,
    /// What the value is to be.
    kind: Option<ValueKind>,
    /// `None` before the first chunk is full, and once the upload has ended.
    running: Option<Running>,
    /// Seals the chunks of this attempt alone.
    cipher: ChunkCipher,
    buffer: Zeroizing<Vec<u8>>,
    chunks: u32,
    length: u64,
    max_length: u64,
    counted: Option<Counted>,
    /// The rest of the quota when the upload began. The commit decides; this refuses hopeless uploads early.
    quota_left: u64,
    broken: bool,
}

struct Running {
    writer: Box<dyn BlobWriter>,
    lease: Lease,
}

/// The quota that a value counts for.
#[derive(Clone, Copy)]
pub(crate) struct Counted {
    pub(crate) at: RowAddress,
    pub(crate) quota: Quota,
}

impl Upload {
    /// `upload` is the content of the row at `at`.
    pub(crate) fn new(
        vault: &Vault,
        at: RowAddress,
        upload: UploadRow,
        kind: Option<ValueKind>,
        max_length: u64,
        counted: Option<Counted>,
        quota_left: u64,
    ) -> Result<Self, UploadError> {
        let key = ChunkKey::generate(vault.ring().current_version())?;
        Ok(Self {
            vault: vault.clone(),
            at,
            token: upload.token,
            value: upload.value,
            kind,
            running: None,
            cipher: ChunkCipher::new(&upload.value, key),
            buffer: Zeroizing::new(Vec::new()),
            chunks: 0,
            length: 0,
            max_length,
            counted,
            quota_left,
            broken: false,
        })
    }

    /// Takes the lease and begins the blob; if that fails, gives the lease back.
    async fn run(&self) -> Result<Running, UploadError> {
        let vault = &self.vault;
        let ready = vault.ready(self.at).await?;
        let lease = Lease::take(vault, self.at, ready.upload, ready.upload_written_by).await?;
        let lease = lease.ok_or(UploadError::Busy)?;
        let created = vault.store().create(Blob {
            id: lease.blob(),
            part_bytes: part_bytes(CHUNK_SIZE),
        });
        match created.await {
            Ok(writer) => Ok(Running { writer, lease }),
            Err(error) => {
                lease.release(vault).await?;
                Err(error.into())
            }
        }
    }

    /// Adds bytes to the value.
    ///
    /// # Errors
    /// [`UploadError::TooLarge`] beyond the maximum, [`VaultError::OverQuota`] beyond the quota,
    /// [`UploadError::Lost`] when the lease ended, or another [`UploadError::Vault`]. After an error, or
    /// after the future was dropped, the value cannot be finished: drop or abort the upload.
    pub async fn write(&mut self, data: Bytes) -> Result<(), UploadError> {
        let length = self.length.saturating_add(data.len() as u64);
        if length > self.max_length {
            self.broken = true;
            return Err(UploadError::TooLarge(self.max_length));
        }
        if length > self.quota_left {
            self.broken = true;
            return Err(self.over_quota());
        }
        let mut rest = &data[..];
        while !rest.is_empty() {
            // A full chunk is stored when more follows: only then it is not the last.
            if self.buffer.len() == CHUNK_SIZE as usize {
                self.store_chunk(false).await?;
            }
            if self.buffer.capacity() == 0 {
                // At once as long as it is once sealed: growing would leave unwiped copies behind.
                self.buffer = Zeroizing::new(self.vault.buffers().take());
            }
            let room = CHUNK_SIZE as usize - self.buffer.len();
            let (now, later) = rest.split_at(room.min(rest.len()));
            self.buffer.extend_from_slice(now);
            rest = later;
        }
        self.length = length;
        Ok(())
    }

    /// Finishes the value and returns its length. In one transaction the token gets its value and the URL is
    /// spent; before it no part of the value can be read.
    ///
    /// # Errors
    /// [`UploadError::Lost`] when the lease ended or the token was deleted, [`UploadError::Used`] and
    /// [`UploadError::Busy`] when another attempt was faster, or [`UploadError::Vault`]. The latter may hold
    /// [`VaultError::OverQuota`] when the session has stored other values meanwhile.
    pub async fn commit(mut self) -> Result<u64, UploadError> {
        if self.broken {
            return Err(UploadError::Lost);
        }
        if self.running.is_none() && self.buffer.len() <= MAX_INLINE {
            return self.commit_small().await;
        }
        // Only a value of one chunk is here as a whole.
        let mask = match self.chunks {
            0 => self.mask(&self.buffer),
            _ => None,
        };
        self.store_chunk(true).await?;
        let Running { writer, lease } = self.running.take().ok_or(UploadError::Lost)?;
        let mut release = Release::new(&self.vault, lease);
        writer.finish().await?;
        let value = ValueRow::Blob(BlobValue {
            blob: lease.blob(),
            key: self.cipher.key().clone(),
            chunk_size: CHUNK_SIZE,
            chunks: self.chunks,
            length: self.length,
        });
        // The token stops waiting for its value: its row stays from now on. It is written on the condition
        // that it is as it was read, so a token that is deleted meanwhile stays deleted.
        let (token, token_written_by) = match self.vault.waiting(self.token).await {
            Err(UploadError::Unknown) => return Err(UploadError::Lost),
            found => found?,
        };
        let token = token.ok_or(UploadError::Lost)?;
        let mut writes = lease.spend(&self.vault, token.rows_expire_at())?;
        writes.extend(self.give(token, token_written_by, &value, mask)?);
        self.finish(writes).await?;
        release.0 = None;
        Ok(self.length)
    }

    /// Writes a value into its row, without a lease: the first of several attempts counts.
    async fn commit_small(&mut self) -> Result<u64, UploadError> {
        let value = ValueRow::Small(SmallValue(mem::take(&mut self.buffer)));
        let ValueRow::Small(SmallValue(bytes)) = &value else {
            return Err(UploadError::Lost);
        };
        for _ in 0..TRIES {
            // Meanwhile another attempt may have ended, or the token.
            let ready = self.vault.ready(self.at).await?;
            let spent = ready.upload.with(UploadState::Spent);
            let ring = self.vault.ring();
            let spent = ring.seal_row(&self.at, Some(spent.expires_at()), &spent)?;
            let mask = self.mask(bytes);
            let mut writes = vec![replace(self.at, ready.upload_written_by, spent)];
            writes.extend(self.give(ready.token, ready.token_written_by, &value, mask)?);
            match self.finish(writes).await {
                Err(UploadError::Lost) => {}
                outcome => return outcome.map(|()| self.length),
            }
        }
        Err(VaultError::Conflict.into())
    }

    fn mask(&self, value: &[u8]) -> Option<Mask> {
        self.vault.masks().mask(self.kind, value)
    }

    /// Returns the writes that give the token its value.
    fn give(
        &self,
        token: MadeToken,
        token_written_by: WriteId,
        value: &ValueRow,
        mask: Option<Mask>,
    ) -> Result<[Write; 2], VaultError> {
        let ring = self.vault.ring();
        let expires_at = token.rows_expire_at();
        let token = TokenRow::Made(MadeToken {
            value: Some(AboutValue {
                size: value.length(),
                mask,
            }),
            ..token
        });
        Ok([
            insert(self.value, ring.seal_row(&self.value, expires_at, value)?),
            replace(
                self.token,
                token_written_by,
                ring.seal_row(&self.token, expires_at, &token)?,
            ),
        ])
    }

    /// Writes the last batch, which also counts the value for the quota of its session.
    async fn finish(&self, writes: Vec<Write>) -> Result<(), UploadError> {
        let Some(counted) = self.counted else {
            let written = self.vault.write(writes).await?;
            return written.map(drop).ok_or(UploadError::Lost);
        };
        let mut used = self.vault.used(counted.at).await?;
        for _ in 0..TRIES {
            if self.length > used.bytes_left(counted.quota) {
                return Err(self.over_quota());
            }
            let mut writes = writes.clone();
            writes.push(self.vault.count(&used, 0, self.length)?);
            if self.vault.write(writes).await?.is_some() {
                return Ok(());
            }
            // Another value of this session was first, or the lease is gone.
            let now = self.vault.used(counted.at).await?;
            if now.is_as(&used) {
                return Err(UploadError::Lost);
            }
            used = now;
        }
        Err(VaultError::Conflict.into())
    }

    fn over_quota(&self) -> UploadError {
        let bytes = self.counted.map_or(0, |counted| counted.quota.bytes);
        VaultError::from(OverQuota::Bytes(bytes)).into()
    }

    /// Ends the upload without a value and gives the lease back, so that another may begin.
    ///
    /// # Errors
    /// [`VaultError::Store`]; the lease then expires within a minute.
    pub async fn abort(mut self) -> Result<(), VaultError> {
        match self.running.take() {
            Some(running) => {
                drop(running.writer);
                running.lease.release(&self.vault).await
            }
            None => Ok(()),
        }
    }

    async fn store_chunk(&mut self, last: bool) -> Result<(), UploadError> {
        // Whatever goes wrong, also that the caller stops waiting: an index is sealed once, since
        // its nonce must not be used for other bytes.
        if mem::replace(&mut self.broken, true) {
            return Err(UploadError::Lost);
        }
        self.vault.store().check_room().await?;
        if self.chunks == 0 {
            self.running = Some(self.run().await?);
        }
        let running = self.running.as_mut().ok_or(UploadError::Lost)?;
        running.lease.renew(&self.vault).await?;
        let index = self.chunks;
        let chunks = index
            .checked_add(1)
            .ok_or(UploadError::TooLarge(self.max_length))?;
        let chunk = mem::take(&mut self.buffer);
        let sealed = self.cipher.seal(index, last, chunk)?;
        let part = self.vault.buffers().lend(sealed);
        running.writer.write(part).await?;
        self.chunks = chunks;
        self.broken = false;
        Ok(())
    }
}

/// Gives a lease back in the background when it is dropped.
struct Release<'a>(Option<Lease>, &'a Vault);

impl<'a> Release<'a> {
    const fn new(vault: &'a Vault, lease: Lease) -> Self {
        Self(Some(lease), vault)
    }
}

impl Drop for Release<'_> {
    fn drop(&mut self) {
        let Some(lease) = self.0.take() else {
            return;
        };
        // Outside of a runtime the lease ends by itself.
        if let Ok(runtime) = Handle::try_current() {
            let vault = self.1.clone();
            runtime.spawn(async move {
                if let Err(error) = lease.release(&vault).await {
                    tracing::debug!(error = %error, "the lease of an aborted upload ends by itself");
                }
            });
        }
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            drop(Release::new(&self.vault, running.lease));
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
