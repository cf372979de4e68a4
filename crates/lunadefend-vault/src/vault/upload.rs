//! Uploads: one value for one URL, in chunks, all or nothing.

use super::{
    OverQuota, Quota, UploadError, Vault, VaultError,
    lease::{Lease, UploadRow, UploadState},
    quota::TRIES,
    row_keys::{Place, Purpose},
    stream::{CHUNK_SIZE, ChunkCipher, ValueInfo},
    tokens::insert,
    urls::UrlId,
};
use crate::store::{BlobId, Row, Table, Write, Written};
use bytes::Bytes;
use lunadefend_crypto::random_bytes;
use std::{fmt, mem, time::Duration};
use tokio::runtime::Handle;
use zeroize::{Zeroize, Zeroizing};

/// How long an attempt may be silent before another may begin, in milliseconds.
const LEASE: u64 = 60 * 1000;
// Renewed at half of its time, it outlives every chunk that comes in time.
const _: () = assert!(Vault::CHUNK_TIME.as_millis() < LEASE as u128 / 2);

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
    /// How many bytes of a value are sealed and stored together: 63 KiB.
    pub const CHUNK_BYTES: u64 = CHUNK_SIZE as u64;
    /// How long that many bytes may take to arrive: 25 s, which is 2.5 KiB a second. An upload that is
    /// slower loses its lease.
    pub const CHUNK_TIME: Duration = Duration::from_secs(25);

    /// Begins to upload the value of a token: call it when the first byte of the body is there.
    ///
    /// The attempt holds a lease on its URL; a second one is refused meanwhile. It ends with
    /// [`Upload::commit`], after which the URL is spent, or without, after which another attempt
    /// may begin: at once when the [`Upload`] was aborted or dropped, a minute after its last
    /// chunk when the process died. `max_length` in bytes is what the URL was signed with.
    ///
    /// # Errors
    /// [`UploadError::Unknown`], [`UploadError::Used`], [`UploadError::Busy`], or
    /// [`UploadError::Vault`], with [`StoreError::Full`](crate::store::StoreError::Full) when there is
    /// no room for values.
    pub async fn begin_upload(
        &self,
        upload: &UploadId,
        max_length: u64,
    ) -> Result<Upload, UploadError> {
        self.begin_upload_within(upload, max_length, Quota::UNLIMITED)
            .await
    }

    /// Begins an upload as [`begin_upload`](Self::begin_upload) does, within what the session may
    /// store that the token was [counted](Self::create_counted_token) for, if it was.
    ///
    /// # Errors
    /// [`VaultError::OverQuota`], or as for [`begin_upload`](Self::begin_upload).
    pub async fn begin_upload_within(
        &self,
        upload: &UploadId,
        max_length: u64,
        quota: Quota,
    ) -> Result<Upload, UploadError> {
        self.store().check_room().await?;
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
        if let Some(session) = &found.session
            && self.is_marked_as_ended(&session.ended).await?
        {
            return Err(UploadError::Unknown);
        }

        let quota_row = found.session.and_then(|session| session.quota);
        let counted = quota_row.map(|key| Counted {
            place: Place::new(Table::Quota, Purpose::Quota, key),
            quota,
        });
        let quota_left = match &counted {
            Some(counted) => self.used(counted.place).await?.bytes_left(quota),
            None => u64::MAX,
        };

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
                counted,
                quota_left,
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
    counted: Option<Counted>,
    /// As it was when the upload began: the end decides, this spares the way there.
    quota_left: u64,
    broken: bool,
}

/// The quota that a value counts for.
#[derive(Clone, Copy)]
struct Counted {
    place: Place,
    quota: Quota,
}

impl Upload {
    /// Adds bytes to the value.
    ///
    /// # Errors
    /// [`UploadError::TooLarge`] beyond the maximum, [`VaultError::OverQuota`] beyond the quota,
    /// [`UploadError::Lost`] when the lease ended, or another [`UploadError::Vault`]. After an error, or
    /// when the future was dropped, the value cannot be finished any more: drop or abort the upload.
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
    /// [`UploadError::Lost`] when the lease ended, or [`UploadError::Vault`], among others with
    /// [`VaultError::OverQuota`] when the session has stored other values meanwhile.
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
        self.finish(batch).await?;
        self.lease = None;
        Ok(self.length)
    }

    /// Writes the last batch, and with it what the value counts for the quota of its session.
    async fn finish(&self, batch: Vec<Write>) -> Result<(), UploadError> {
        let Some(counted) = self.counted else {
            return self.apply(batch).await;
        };
        let mut used = self.vault.used(counted.place).await?;
        for _ in 0..TRIES {
            if self.length > used.bytes_left(counted.quota) {
                return Err(self.over_quota());
            }
            let mut batch = batch.clone();
            batch.push(self.vault.count(&used, 0, self.length)?);
            match self.apply(batch).await {
                Err(UploadError::Lost) => {}
                done => return done,
            }
            // Another value of this session was first, or the lease is gone.
            let now = self.vault.used(counted.place).await?;
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
        self.vault.store().check_room().await?;
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
