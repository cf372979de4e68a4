//! What the tokenizer asks of a database, and the embedded one.
//!
//! A [`Store`] keeps small rows and the chunks of values. It sees no secret: every key is a keyed
//! hash and every row and chunk is sealed by the [`Vault`](crate::vault::Vault) before it arrives.
//! It has no clock either: whoever calls says what time it is.
//!
//! # Writing a store
//! Implement [`Store`] and run [`conformance::all`] against it in a test. This one keeps everything
//! in memory and is complete:
//!
//! ```
//! use bytes::Bytes;
//! use lunadefend_core::BoxFuture;
//! use lunadefend_tokenizer::store::*;
//! use std::{collections::BTreeMap, sync::{Mutex, MutexGuard}};
//!
//! #[derive(Debug, Default)]
//! struct MemoryStore(Mutex<Inner>);
//!
//! #[derive(Debug, Default)]
//! struct Inner {
//!     rows: BTreeMap<(Table, RowKey), Row>,
//!     chunks: BTreeMap<(BlobId, u32), Bytes>,
//! }
//!
//! impl MemoryStore {
//!     fn lock(&self) -> Result<MutexGuard<'_, Inner>, StoreError> {
//!         self.0.lock().map_err(|_| StoreError::Closed)
//!     }
//! }
//!
//! impl Inner {
//!     fn live(&self, table: Table, key: RowKey, now: u64) -> Option<&Row> {
//!         self.rows.get(&(table, key)).filter(|row| row.is_live(now))
//!     }
//! }
//!
//! impl Store for MemoryStore {
//!     fn get<'a>(
//!         &'a self,
//!         table: Table,
//!         key: &'a RowKey,
//!     ) -> BoxFuture<'a, Result<Option<Row>, StoreError>> {
//!         Box::pin(async move { Ok(self.lock()?.rows.get(&(table, *key)).cloned()) })
//!     }
//!
//!     fn write(&self, batch: Vec<Write>, now: u64) -> BoxFuture<'_, Result<Written, StoreError>> {
//!         Box::pin(async move {
//!             check_batch(&batch)?;
//!             let mut inner = self.lock()?;
//!             // First every condition, then every change: a conflict leaves nothing behind.
//!             for write in &batch {
//!                 let held = inner.live(write.table(), *write.key(), now);
//!                 let holds = match write {
//!                     Write::Insert { .. } => held.is_none(),
//!                     Write::Replace { expected, .. } => held.is_some_and(|row| row.value == *expected),
//!                     _ => true,
//!                 };
//!                 if !holds {
//!                     return Ok(Written::Conflict);
//!                 }
//!             }
//!             for write in batch {
//!                 let at = (write.table(), *write.key());
//!                 match write {
//!                     Write::Insert { row, .. } | Write::Put { row, .. } | Write::Replace { row, .. } => {
//!                         inner.rows.insert(at, row);
//!                     }
//!                     Write::RaiseExpiry { row, .. } => {
//!                         let held = inner.live(at.0, at.1, now);
//!                         if held.is_none_or(|held| held.expires_before(&row)) {
//!                             inner.rows.insert(at, row);
//!                         }
//!                     }
//!                     Write::Delete { .. } => {
//!                         inner.rows.remove(&at);
//!                     }
//!                     _ => return Err(StoreError::Unsupported),
//!                 }
//!             }
//!             Ok(Written::Done)
//!         })
//!     }
//!
//!     fn put_chunk<'a>(
//!         &'a self,
//!         blob: &'a BlobId,
//!         index: u32,
//!         data: Bytes,
//!     ) -> BoxFuture<'a, Result<Written, StoreError>> {
//!         Box::pin(async move {
//!             let mut inner = self.lock()?;
//!             if !inner.rows.contains_key(&(Table::Blob, blob.row_key())) {
//!                 return Ok(Written::Conflict);
//!             }
//!             inner.chunks.insert((*blob, index), data);
//!             Ok(Written::Done)
//!         })
//!     }
//!
//!     fn get_chunk<'a>(
//!         &'a self,
//!         blob: &'a BlobId,
//!         index: u32,
//!     ) -> BoxFuture<'a, Result<Option<Bytes>, StoreError>> {
//!         Box::pin(async move { Ok(self.lock()?.chunks.get(&(*blob, index)).cloned()) })
//!     }
//!
//!     fn delete_blob<'a>(&'a self, blob: &'a BlobId) -> BoxFuture<'a, Result<(), StoreError>> {
//!         Box::pin(async move {
//!             let mut inner = self.lock()?;
//!             inner.rows.remove(&(Table::Blob, blob.row_key()));
//!             inner.chunks.retain(|(of, _), _| of != blob);
//!             Ok(())
//!         })
//!     }
//!
//!     fn purge_expired(&self, now: u64) -> BoxFuture<'_, Result<usize, StoreError>> {
//!         Box::pin(async move {
//!             let mut inner = self.lock()?;
//!             let before = inner.rows.len();
//!             inner.rows.retain(|_, row| row.is_live(now));
//!             let Inner { rows, chunks } = &mut *inner;
//!             chunks.retain(|(blob, _), _| rows.contains_key(&(Table::Blob, blob.row_key())));
//!             Ok(before - inner.rows.len())
//!         })
//!     }
//!
//!     fn check(&self) -> BoxFuture<'_, Result<(), StoreError>> {
//!         Box::pin(async move { self.lock().map(drop) })
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! conformance::all(&MemoryStore::default()).await;
//! # }
//! ```

pub mod conformance;
mod embedded;
mod error;
mod row;
mod write;

pub(crate) use embedded::sync_directory;
pub use embedded::{EmbeddedOptions, EmbeddedStore};
pub use error::StoreError;
pub use row::{BlobId, Row, RowKey, Table};
pub use write::{Write, Written, check_batch};

use bytes::Bytes;
use lunadefend_core::BoxFuture;
use std::{fmt, sync::Arc};

/// A database for the tokenizer.
///
/// The module's page has a complete implementation.
pub trait Store: fmt::Debug + Send + Sync + 'static {
    /// Reads one row.
    ///
    /// Strongly consistent: it sees every write that was acknowledged before it was called. A row
    /// that has expired may still be returned; whoever calls compares with the clock.
    ///
    /// # Errors
    /// A [`StoreError`] when the row cannot be read now.
    fn get<'a>(
        &'a self,
        table: Table,
        key: &'a RowKey,
    ) -> BoxFuture<'a, Result<Option<Row>, StoreError>>;

    /// Applies all writes of a batch or none; durable when it returns [`Written::Done`].
    ///
    /// Every condition is judged against the state before the batch, with `now` in milliseconds
    /// since the Unix epoch: a row that has expired at `now` counts as absent. One that does not
    /// hold makes the whole batch a [`Written::Conflict`]. Of two batches that race, one is first.
    ///
    /// # Errors
    /// A [`StoreError`] when nothing is known about the outcome or nothing was written;
    /// [`StoreError::RowTwice`] when a batch names a row more than once.
    fn write(&self, batch: Vec<Write>, now: u64) -> BoxFuture<'_, Result<Written, StoreError>>;

    /// Stores one chunk of a value.
    ///
    /// It can be read when this returns [`Written::Done`], and is durable when a later
    /// [`write`](Self::write) returns that: a value is finished by a write, and until then its
    /// chunks are of no use to anybody.
    ///
    /// A blob exists while [`Table::Blob`] has a row with [`BlobId::row_key`]. Without that row the
    /// answer is [`Written::Conflict`] and nothing is stored, so that no chunk is ever left without
    /// a row that owns it.
    ///
    /// # Errors
    /// A [`StoreError`] when the chunk was not stored.
    fn put_chunk<'a>(
        &'a self,
        blob: &'a BlobId,
        index: u32,
        data: Bytes,
    ) -> BoxFuture<'a, Result<Written, StoreError>>;

    /// Reads one chunk of a value; strongly consistent.
    ///
    /// # Errors
    /// A [`StoreError`] when the chunk cannot be read now.
    fn get_chunk<'a>(
        &'a self,
        blob: &'a BlobId,
        index: u32,
    ) -> BoxFuture<'a, Result<Option<Bytes>, StoreError>>;

    /// Deletes a blob's row of [`Table::Blob`] and all of its chunks. An unknown blob is no error.
    ///
    /// # Errors
    /// A [`StoreError`] when that did not happen completely; calling again finishes it.
    fn delete_blob<'a>(&'a self, blob: &'a BlobId) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Deletes rows that have expired at `now` and says how many. With an expired row of
    /// [`Table::Blob`] go the chunks of its blob.
    ///
    /// # Errors
    /// A [`StoreError`] when it ended early; calling again goes on.
    fn purge_expired(&self, now: u64) -> BoxFuture<'_, Result<usize, StoreError>>;

    /// Says whether reading and writing work, by a real read.
    ///
    /// # Errors
    /// The [`StoreError`] that a caller would meet.
    fn check(&self) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Says whether there is room for new values. It is asked before each token and each chunk, and
    /// never for what needs little, such as grants and sessions: they go on while values wait.
    ///
    /// A store that grows by itself keeps the default, which always says yes.
    ///
    /// # Errors
    /// [`StoreError::Full`] when what is left is kept for the rest.
    fn check_room(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async { Ok(()) })
    }
}

#[deny(clippy::missing_trait_methods)]
impl<T: Store + ?Sized> Store for Arc<T> {
    fn get<'a>(
        &'a self,
        table: Table,
        key: &'a RowKey,
    ) -> BoxFuture<'a, Result<Option<Row>, StoreError>> {
        (**self).get(table, key)
    }

    fn write(&self, batch: Vec<Write>, now: u64) -> BoxFuture<'_, Result<Written, StoreError>> {
        (**self).write(batch, now)
    }

    fn put_chunk<'a>(
        &'a self,
        blob: &'a BlobId,
        index: u32,
        data: Bytes,
    ) -> BoxFuture<'a, Result<Written, StoreError>> {
        (**self).put_chunk(blob, index, data)
    }

    fn get_chunk<'a>(
        &'a self,
        blob: &'a BlobId,
        index: u32,
    ) -> BoxFuture<'a, Result<Option<Bytes>, StoreError>> {
        (**self).get_chunk(blob, index)
    }

    fn delete_blob<'a>(&'a self, blob: &'a BlobId) -> BoxFuture<'a, Result<(), StoreError>> {
        (**self).delete_blob(blob)
    }

    fn purge_expired(&self, now: u64) -> BoxFuture<'_, Result<usize, StoreError>> {
        (**self).purge_expired(now)
    }

    fn check(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        (**self).check()
    }

    fn check_room(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        (**self).check_room()
    }
}
