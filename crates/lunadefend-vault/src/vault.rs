//! What the tokenizer keeps, and how it is protected: grants, tokens, values, URLs, states and
//! browser sessions, on top of a [`Store`].
//!
//! # What is in the store
//! - The **key ring**, one row: a lookup key, a URL key and one wrapping key for each version, all
//!   random, sealed by the [`MasterKey`].
//! - **Row keys** are HMAC under the lookup key over length-prefixed purpose and identifiers. No
//!   token, session id, state, handle or URL is in the store.
//! - **Rows** with content are sealed: AES-256-GCM under a key that HKDF derives for this one row
//!   from the wrapping key and 16 random bytes that stand in the row. The authenticated data is the
//!   length-prefixed format, purpose, row key, key version and expiry: a row that was moved or given
//!   a longer life does not open. A grant's row has no content; a tag binds its expiry.
//! - **Values**: a random 256-bit key for each upload attempt, chunks of 63 KiB sealed as a
//!   [STREAM](https://eprint.iacr.org/2015/189) with 7 random bytes, a counter and a last-chunk
//!   flag. The key, the number of chunks and the length are in the value's sealed row, which is
//!   written in the transaction that finishes the upload and not before.
//! - **Metadata** is sealed in the row of its token, under a derived key of its own.
//!
//! What a session has stored in a day is a sealed row that changes together with its tokens and values.
//!
//! The rows that only say that something was used or has ended ([`Table::Used`]) and
//! the rows of blobs are empty; they tell nothing and open nothing.
//!
//! ```
//! use lunadefend_core::{Clock, SessionId, wire::Metadata};
//! use lunadefend_jwt::SystemClock;
//! use lunadefend_vault::{store::MemoryStore, MasterKey, Vault};
//! use std::sync::Arc;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (master, _) = MasterKey::generate()?;
//! let store = Arc::new(MemoryStore::default());
//! let vault = Vault::open(store, &master, Arc::new(SystemClock)).await?;
//!
//! let session = SessionId::new("3f6c0f6e")?;
//! let soon = SystemClock.unix_millis() + 60_000;
//! let new = vault.create_token(Some(&Metadata::string()), Some((&session, soon))).await?;
//! let mut upload = vault.begin_upload(&new.upload, 1024 * 1024).await?;
//! upload.write("078-05-1120".into()).await?;
//! upload.commit().await?;
//!
//! let issued = vault.issue_download(&session, &new.token, soon).await?.ok_or("no value")?;
//! let mut download = vault.open_download(&issued.download).await?.ok_or("no grant")?;
//! assert_eq!(download.next_chunk().await?.as_deref(), Some(b"078-05-1120".as_slice()));
//! assert_eq!(download.next_chunk().await?, None);
//! # Ok(())
//! # }
//! ```

mod download;
mod error;
mod fields;
mod grants;
mod janitor;
mod lease;
mod master;
mod quota;
mod ring;
mod row_keys;
mod seal;
mod sessions;
mod states;
mod stream;
mod tokens;
mod upload;
mod urls;

#[cfg(test)]
mod tests;

pub use download::{Download, DownloadId, IssuedDownload};
pub use error::{InvalidState, InvalidUrl, UploadError, VaultError};
pub use janitor::Janitor;
pub use master::{MasterKey, MasterKeyError};
pub use quota::{OverQuota, Quota};
pub use sessions::{SessionHandle, Transfer};
pub use states::{IssuedState, StateClaims};
pub use tokens::NewToken;
pub use upload::{Upload, UploadId};
pub use urls::{UrlGrant, UrlId, UrlMethod};

use crate::store::{Row, Store, StoreError, Table, Write, Written};
use bytes::Bytes;
use lunadefend_core::Clock;
use ring::Ring;
use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

/// The tokenizer's data and the rules for it. Cheap to clone.
///
/// The page of this module says what is where and has an example. All times are milliseconds since
/// the Unix epoch, as its clock says them; everything is refused at its expiry.
#[derive(Clone)]
pub struct Vault(Arc<Inner>);

struct Inner {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    ring: RwLock<OpenRing>,
}

/// The keys, and the row that they were read from: a change replaces that row and no other.
#[derive(Clone)]
struct OpenRing {
    keys: Arc<Ring>,
    sealed: Bytes,
}

impl Vault {
    /// Opens the key ring of a store; in an empty store makes one. Of several processes that do
    /// that at once one makes the ring and all use it.
    ///
    /// # Errors
    /// [`VaultError::WrongMasterKey`] when the ring does not open under `master`.
    pub async fn open(
        store: Arc<dyn Store>,
        master: &MasterKey,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, VaultError> {
        let open = match stored_ring(&*store).await? {
            Some(sealed) => OpenRing::new(sealed, master)?,
            None => {
                let made = Ring::generate()?.seal(master)?;
                let insert = Write::Insert {
                    table: Table::KeyRing,
                    key: Ring::row_key(),
                    row: Row::lasting(made.clone()),
                };
                let sealed = match store.write(vec![insert], clock.unix_millis()).await? {
                    Written::Done => made,
                    Written::Conflict => stored_ring(&*store).await?.ok_or(VaultError::Conflict)?,
                };
                OpenRing::new(sealed, master)?
            }
        };
        Ok(Self(Arc::new(Inner {
            store,
            clock,
            ring: RwLock::new(open),
        })))
    }

    /// The clock that decides about every expiry.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.clock
    }

    /// Says whether the store works and has the key ring, by reading it.
    ///
    /// # Errors
    /// The [`VaultError`] that a request would meet.
    pub async fn check_health(&self) -> Result<(), VaultError> {
        self.store().check().await?;
        match stored_ring(self.store()).await? {
            Some(_) => Ok(()),
            None => Err(VaultError::Corrupt),
        }
    }

    /// Says whether the store takes new values. When it does not, all else goes on.
    ///
    /// # Errors
    /// [`VaultError::Store`] when it cannot say.
    pub async fn has_room(&self) -> Result<bool, VaultError> {
        match self.store().check_room().await {
            Ok(()) => Ok(true),
            Err(StoreError::Full) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes what has expired at `now`. Whoever calls must be sure of the time: see [`Janitor`].
    async fn purge_expired_at(&self, now: u64) -> Result<usize, VaultError> {
        Ok(self.store().purge_expired(now).await?)
    }

    /// Seals the key ring by another master key. From then on the store opens with that one only;
    /// nothing else is written, and this vault and its clones go on.
    ///
    /// # Errors
    /// [`VaultError::Conflict`] when another process changed the ring since it was opened.
    pub async fn rotate_master(&self, new: &MasterKey) -> Result<(), VaultError> {
        let open = self.open_ring();
        let sealed = open.keys.seal(new)?;
        self.replace_ring(open.sealed, open.keys, sealed).await
    }

    /// Adds a wrapping key, seals new rows under it from now on, and returns its version. Rows of
    /// earlier versions can still be read.
    ///
    /// Other processes of the same store must be restarted before they can read the new rows.
    ///
    /// # Errors
    /// [`VaultError::WrongMasterKey`] when `master` is not the key of this store,
    /// [`VaultError::Conflict`] when another process changed the ring since it was opened.
    pub async fn add_wrapping_key(&self, master: &MasterKey) -> Result<u32, VaultError> {
        let open = self.open_ring();
        // A wrong key here must not become the master key by accident.
        Ring::open(&open.sealed, master)?;
        let keys = open.keys.with_new_wrapping_key()?;
        let sealed = keys.seal(master)?;
        let version = keys.current_version();
        self.replace_ring(open.sealed, Arc::new(keys), sealed)
            .await?;
        Ok(version)
    }

    async fn replace_ring(
        &self,
        expected: Bytes,
        keys: Arc<Ring>,
        sealed: Bytes,
    ) -> Result<(), VaultError> {
        let replace = Write::Replace {
            table: Table::KeyRing,
            key: Ring::row_key(),
            expected,
            row: Row::lasting(sealed.clone()),
        };
        self.write(vec![replace]).await?;
        let mut open = self.0.ring.write().unwrap_or_else(PoisonError::into_inner);
        *open = OpenRing { keys, sealed };
        Ok(())
    }

    fn open_ring(&self) -> OpenRing {
        let ring = self.0.ring.read().unwrap_or_else(PoisonError::into_inner);
        ring.clone()
    }

    fn ring(&self) -> Arc<Ring> {
        let ring = self.0.ring.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&ring.keys)
    }

    fn store(&self) -> &dyn Store {
        &*self.0.store
    }

    fn now(&self) -> u64 {
        self.0.clock.unix_millis()
    }

    /// Writes a batch whose conditions must hold.
    async fn write(&self, batch: Vec<Write>) -> Result<(), VaultError> {
        match self.store().write(batch, self.now()).await? {
            Written::Done => Ok(()),
            Written::Conflict => Err(VaultError::Conflict),
        }
    }

    /// A row that has not expired.
    async fn live(&self, place: &row_keys::Place) -> Result<Option<Row>, VaultError> {
        let row = self.store().get(place.table, &place.key).await?;
        Ok(row.filter(|row| row.is_live(self.now())))
    }
}

impl OpenRing {
    fn new(sealed: Bytes, master: &MasterKey) -> Result<Self, VaultError> {
        let keys = Arc::new(Ring::open(&sealed, master)?);
        Ok(Self { keys, sealed })
    }
}

async fn stored_ring(store: &dyn Store) -> Result<Option<Bytes>, VaultError> {
    let row = store.get(Table::KeyRing, &Ring::row_key()).await?;
    Ok(row.map(|row| row.value))
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault")
            .field("store", &self.0.store)
            .finish_non_exhaustive()
    }
}
