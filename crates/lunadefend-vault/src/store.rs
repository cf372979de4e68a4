//! What the vault asks of a database.
//!
//! A [`Store`] keeps small rows and the chunks of values. It sees no secret: every key is a keyed
//! hash and every row and chunk is sealed by the [`Vault`](crate::vault::Vault) before it arrives.
//! It has no clock either: whoever calls says what time it is.
//!
//! # Writing a store
//! Implement [`Store`] and run [`conformance::all`] against it in a test. This one keeps everything
//! in memory and is complete:
//!
#![doc = concat!("```\n", include_str!("store/memory.rs"), "\n")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! # lunadefend_vault::store::conformance::all(&MemoryStore::default()).await;
//! # }
//! ```

pub mod conformance;
mod error;
mod memory;
mod row;
mod write;

pub use error::StoreError;
pub use memory::MemoryStore;
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
