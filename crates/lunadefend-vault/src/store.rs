//! The contract between the vault and a database.
//!
//! A [`Store`] keeps small [`Rows`], and values as [`Blobs`]. It sees no secret: every key is a keyed
//! hash, and every row and part is sealed by the [`Vault`](crate::Vault) before it arrives. It decides by no
//! clock either: the caller says what time it is. Reads are strongly consistent: they see every change
//! that was acknowledged before they began.
//!
//! A store deletes nothing by itself. The vault's janitor calls [`Rows::purge_expired`] for expired rows,
//! since it knows when to trust a clock. The vault deletes blobs for which it finds no row.
//!
//! # Writing a store
//! Implement the three traits and run [`conformance::all`] against your store in a test. This one keeps
//! everything in memory and is complete:
//!
#![doc = concat!("```\n", include_str!("store/memory.rs"), "\n")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! # lunadefend_vault::store::conformance::all(&MemoryStore::default()).await;
//! # }
//! ```
//!
//! # DynamoDB and S3
//! `lunadefend-vault-aws` is such a store. Its `write` is one `TransactWriteItems`, whose conditions say what
//! [`Batch::judge`] does. When it is cancelled, DynamoDB shows the rows that did not meet theirs: one with the batch's own
//! id means that an earlier attempt was applied.
//!
//! # PostgreSQL
//! `lunadefend-vault-postgres` is such a store. Its `write` is a function of the schema, which judges a batch as
//! [`Batch::judge`] does: it locks the rows that are there in the order of their keys, and makes those that are
//! missing, so that two batches never both find a row missing.
//!
//! Rows and blobs of a store belong together: the vault deletes blobs that have no row. Never point two sets
//! of rows at one set of blobs.

mod batch;
mod blobs;
pub mod conformance;
mod copy;
mod error;
pub mod faults;
mod memory;
mod row;
mod snapshot;

pub(crate) use batch::Gathered;
pub use batch::{Batch, BatchError, Change, Judgement, Write, WriteOutcome};
pub use blobs::{Blob, BlobId, BlobWriter};
pub use copy::{Copied, CopyError, copy};
pub(crate) use copy::{apply, begin, contents, mark as copy_mark};
pub use error::{Cause, StoreError};
pub use memory::MemoryStore;
pub use row::{Row, RowAddress, RowKey, StoredRow, Table, WriteId};
pub use snapshot::{PartKey, Snapshot};

// What the signatures below name: a store needs no other crate for them.
pub use bytes::Bytes;
pub use lunadefend_core::provider::{BoxFuture, UnixMillis};

use std::{fmt, sync::Arc};

/// The future that a store's method returns.
pub type StoreFuture<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// The maximum number of rows or blobs in one call.
pub const MAX_ROWS: usize = 100;

/// A database for the tokenizer.
///
/// The module's page has a complete implementation.
pub trait Store: Rows + Blobs {
    /// Checks by a real read that reading and writing work.
    ///
    /// # Errors
    /// The [`StoreError`] that a caller would get.
    fn check(&self) -> StoreFuture<'_, ()>;

    /// Checks that the store has room for new values. The vault calls it before each token and each part,
    /// never for small rows such as grants and sessions: these go on while values are refused.
    ///
    /// A store that grows by itself keeps the default, which always succeeds.
    ///
    /// # Errors
    /// [`StoreError::Full`] when the remaining room is reserved for small rows.
    fn check_room(&self) -> StoreFuture<'_, ()> {
        Box::pin(async { Ok(()) })
    }

    /// Returns what the store has committed since it was opened; `None` when it does not count that, as here.
    fn commits(&self) -> Option<Commits> {
        None
    }

    /// Returns the content of this moment, for a backup while the store is in use. It has every write that was
    /// acknowledged before.
    ///
    /// A store with backups of its own keeps the default, which returns `None`.
    ///
    /// # Errors
    /// A [`StoreError`] when it cannot be read now.
    fn snapshot(&self) -> StoreFuture<'_, Option<Arc<dyn Snapshot>>> {
        Box::pin(async { Ok(None) })
    }
}

/// How writes have shared commits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Commits {
    /// Commits that succeeded.
    pub commits: u64,
    /// The writes in them.
    pub writes: u64,
}

impl Commits {
    /// Adds a commit with so many writes.
    pub const fn add(&mut self, writes: u64) {
        self.commits += 1;
        self.writes += writes;
    }
}

/// Small rows with conditions. No call names more than [`MAX_ROWS`].
pub trait Rows: fmt::Debug + Send + Sync + 'static {
    /// Reads rows, in the order of the request. Each read is strongly consistent, but the rows are not read
    /// at one moment.
    ///
    /// It may return an expired row; the caller compares with the clock.
    ///
    /// # Errors
    /// A [`StoreError`] when a row cannot be read now.
    fn get_many<'a>(&'a self, at: &'a [RowAddress]) -> StoreFuture<'a, Vec<Option<StoredRow>>>;

    /// Makes all changes of a batch or none; durable when it returns [`WriteOutcome::Applied`].
    ///
    /// Every condition is judged against the rows before the batch, where a row that has expired at `now`
    /// counts as missing. Batches that race are applied one after the other. Each written row gets the
    /// batch's id as its version.
    ///
    /// A batch may come a second time, after an error or while the first attempt is on its way. If one of its
    /// rows has the batch's id as its version, the first attempt was applied: then change nothing and return
    /// [`WriteOutcome::Applied`]. A replacement is never made twice, since the version that it expects never
    /// returns. An insertion is made twice only if all rows of the batch were deleted in between.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] when the outcome is unknown; after any other error nothing was written.
    fn write<'a>(&'a self, batch: &'a Batch, now: UnixMillis) -> StoreFuture<'a, WriteOutcome>;

    /// Writes each row, except where a live row expires at the same time or later. Durable when it returns;
    /// written rows get `id` as their version.
    ///
    /// It is not atomic over the rows, and repeatable: after any number of calls in any order the latest
    /// expiry stays.
    ///
    /// # Errors
    /// A [`StoreError`] when some rows may not have been written.
    fn raise_expiry<'a>(
        &'a self,
        id: WriteId,
        rows: &'a [(RowAddress, Row)],
        now: UnixMillis,
    ) -> StoreFuture<'a, ()>;

    /// Reads up to `limit` rows of a table with their keys, in byte order, from the first after `after`.
    /// Fewer than `limit` mean the end of the table.
    ///
    /// # Errors
    /// A [`StoreError`] when they cannot be read now.
    fn scan(
        &self,
        table: Table,
        after: Option<RowKey>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<(RowKey, StoredRow)>>;

    /// Deletes up to `limit` rows that have expired at `now`, and returns their number. Fewer than `limit`
    /// mean that none is left. A row that gets a later expiry meanwhile stays.
    ///
    /// # Errors
    /// A [`StoreError`] when it ended early; the next call continues.
    fn purge_expired(&self, now: UnixMillis, limit: usize) -> StoreFuture<'_, usize>;

    /// Returns the time of the store's own clock; `None` when it has none, as here. Nothing is deleted by a clock that
    /// differs from it.
    ///
    /// # Errors
    /// A [`StoreError`] when it cannot be asked now.
    fn time(&self) -> StoreFuture<'_, Option<UnixMillis>> {
        Box::pin(async { Ok(None) })
    }
}

/// Values, in parts. The vault's rows decide about a blob. Interrupted uploads may leave parts behind; the
/// vault deletes them when it finds them in a [`list`](Self::list).
pub trait Blobs: fmt::Debug + Send + Sync + 'static {
    /// Begins a blob. The vault uses an identifier only once.
    ///
    /// # Errors
    /// A [`StoreError`] when no blob was begun.
    fn create(&self, blob: Blob) -> StoreFuture<'_, Box<dyn BlobWriter>>;

    /// Reads one part of a finished blob; `None` when it is missing.
    ///
    /// # Errors
    /// A [`StoreError`] when the part cannot be read now.
    fn read(&self, blob: Blob, part: u32) -> StoreFuture<'_, Option<Bytes>>;

    /// Deletes a blob, finished or not. An unknown one is no error.
    ///
    /// # Errors
    /// A [`StoreError`] when the deletion is incomplete; the next call finishes it.
    fn delete(&self, blob: BlobId) -> StoreFuture<'_, ()>;

    /// Lists up to `limit` blobs, finished or not, in byte order, from the first after `after`. Fewer than
    /// `limit` mean the end of the list. Every blob with a part that takes room is listed sooner or later; a
    /// blob that changes meanwhile may be missing.
    ///
    /// # Errors
    /// A [`StoreError`] when they cannot be read now.
    fn list(&self, after: Option<BlobId>, limit: usize) -> StoreFuture<'_, Vec<BlobId>>;
}

#[deny(clippy::missing_trait_methods)]
impl<T: Store + ?Sized> Store for Arc<T> {
    fn check(&self) -> StoreFuture<'_, ()> {
        (**self).check()
    }

    fn check_room(&self) -> StoreFuture<'_, ()> {
        (**self).check_room()
    }

    fn commits(&self) -> Option<Commits> {
        (**self).commits()
    }

    fn snapshot(&self) -> StoreFuture<'_, Option<Arc<dyn Snapshot>>> {
        (**self).snapshot()
    }
}

#[deny(clippy::missing_trait_methods)]
impl<T: Rows + ?Sized> Rows for Arc<T> {
    fn get_many<'a>(&'a self, at: &'a [RowAddress]) -> StoreFuture<'a, Vec<Option<StoredRow>>> {
        (**self).get_many(at)
    }

    fn write<'a>(&'a self, batch: &'a Batch, now: UnixMillis) -> StoreFuture<'a, WriteOutcome> {
        (**self).write(batch, now)
    }

    fn raise_expiry<'a>(
        &'a self,
        id: WriteId,
        rows: &'a [(RowAddress, Row)],
        now: UnixMillis,
    ) -> StoreFuture<'a, ()> {
        (**self).raise_expiry(id, rows, now)
    }

    fn scan(
        &self,
        table: Table,
        after: Option<RowKey>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<(RowKey, StoredRow)>> {
        (**self).scan(table, after, limit)
    }

    fn purge_expired(&self, now: UnixMillis, limit: usize) -> StoreFuture<'_, usize> {
        (**self).purge_expired(now, limit)
    }

    fn time(&self) -> StoreFuture<'_, Option<UnixMillis>> {
        (**self).time()
    }
}

#[deny(clippy::missing_trait_methods)]
impl<T: Blobs + ?Sized> Blobs for Arc<T> {
    fn create(&self, blob: Blob) -> StoreFuture<'_, Box<dyn BlobWriter>> {
        (**self).create(blob)
    }

    fn read(&self, blob: Blob, part: u32) -> StoreFuture<'_, Option<Bytes>> {
        (**self).read(blob, part)
    }

    fn delete(&self, blob: BlobId) -> StoreFuture<'_, ()> {
        (**self).delete(blob)
    }

    fn list(&self, after: Option<BlobId>, limit: usize) -> StoreFuture<'_, Vec<BlobId>> {
        (**self).list(after, limit)
    }
}
