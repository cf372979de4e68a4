//! What the vault asks of a database.
//!
//! A [`Store`] keeps small [`Rows`], and values as [`Blobs`]. It sees no secret: every key is a keyed
//! hash, and every row and part is sealed by the [`Vault`](crate::Vault) before it arrives. It has no
//! clock either: the caller says what time it is. Reads are strongly consistent: they see every change
//! that was acknowledged before they began.
//!
//! A store deletes nothing by itself. Rows that have expired go when the vault's janitor, which knows
//! when a clock can be believed, calls [`Rows::purge_expired`]. Blobs go when the vault finds no row
//! for them.
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
//! - `write` is one `TransactWriteItems`. The conditions are `attribute_not_exists(pk) OR exp <= :now`
//!   for an insert, `version = :expected AND (attribute_not_exists(exp) OR exp > :now)` for a
//!   replacement. When it is cancelled, `ReturnValuesOnConditionCheckFailure` shows whose version is
//!   there: the batch's own id means that an earlier attempt was applied.
//! - `raise_expiry` is one conditional `UpdateItem` for each row; a condition that fails says that the
//!   row is later already.
//! - `purge_expired` asks an index by expiry and deletes each row on the condition that its expiry is
//!   still the one that was read. The time to live of DynamoDB is off.
//! - A blob is one object. A writer collects parts until they are 5 MiB, the least for a part of a
//!   multipart upload, or, for what is shorter, makes one `PutObject` in `finish`. It then holds up to
//!   5 MiB for each upload. A part is read by its range of bytes. `list` also lists the uploads that
//!   were not completed (`ListMultipartUploads`), and `delete` aborts these.
//!
//! # PostgreSQL
//! - A table of rows with the version as a column; `write` is one transaction which locks the rows that
//!   it names in the order of their addresses, and judges them by [`Batch::judge`].
//! - A table of parts with the blob and the index as its key: each `write` of a part is a statement of
//!   its own, `finish` counts them.
//!
//! Rows and blobs of a store belong together: the vault deletes blobs for which its rows say nothing.
//! Never point two sets of rows at one set of blobs.

mod batch;
mod blobs;
pub mod conformance;
mod error;
pub mod faults;
mod memory;
mod row;

pub use batch::{Batch, BatchError, Change, Judgement, Write, WriteOutcome};
pub use blobs::{Blob, BlobId, BlobWriter};
pub use error::{Cause, StoreError};
pub use memory::MemoryStore;
pub use row::{Row, RowAddress, RowKey, StoredRow, Table, WriteId};

// What the signatures below name: a store needs no other crate for them.
pub use bytes::Bytes;
pub use lunadefend_core::provider::{BoxFuture, UnixMillis};

use std::{fmt, sync::Arc};

/// What a call of a store gives: its outcome, later.
pub type StoreFuture<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// How many rows or blobs one call names or asks for at most.
pub const MAX_ROWS: usize = 100;

/// A database for the tokenizer.
///
/// The module's page has a complete implementation.
pub trait Store: Rows + Blobs {
    /// Says whether reading and writing work, by a real read.
    ///
    /// # Errors
    /// The [`StoreError`] that a caller would meet.
    fn check(&self) -> StoreFuture<'_, ()>;

    /// Says whether there is room for new values. It is asked before each token and each part, and
    /// never for what needs little, such as grants and sessions: they go on while values wait.
    ///
    /// A store that grows by itself keeps the default, which always says yes.
    ///
    /// # Errors
    /// [`StoreError::Full`] when what is left is kept for the rest.
    fn check_room(&self) -> StoreFuture<'_, ()> {
        Box::pin(async { Ok(()) })
    }
}

/// Small rows with conditions. No call names more than [`MAX_ROWS`].
pub trait Rows: fmt::Debug + Send + Sync + 'static {
    /// Reads rows, in the order asked. Each is read strongly consistent, but not all at one moment.
    ///
    /// A row that has expired may still be returned; the caller compares with the clock.
    ///
    /// # Errors
    /// A [`StoreError`] when a row cannot be read now.
    fn get_many<'a>(&'a self, at: &'a [RowAddress]) -> StoreFuture<'a, Vec<Option<StoredRow>>>;

    /// Makes all changes of a batch or none; durable when it returns [`WriteOutcome::Applied`].
    ///
    /// Every condition is judged against the rows before the batch, where a row that has expired at
    /// `now` counts as missing. Of two batches that race, one is first. Each row that is written gets
    /// the batch's id as its version.
    ///
    /// A batch may come a second time, after an error or with the first attempt still on its way. A row
    /// of it that has the batch's id as its version tells that it was applied; then nothing is changed,
    /// and the answer is [`WriteOutcome::Applied`]. A replacement is never made twice, since the version
    /// that it expects is gone for good. An insertion is, if its row and all others of the batch were
    /// deleted in between.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] when the outcome is not known; after any other error nothing was written.
    fn write<'a>(&'a self, batch: &'a Batch, now: UnixMillis) -> StoreFuture<'a, WriteOutcome>;

    /// Writes each row unless a live one is there that expires at the same time or later. Durable when
    /// it returns; rows that are written get `id` as their version.
    ///
    /// It is not atomic over the rows, and can be repeated: after any number of calls in any order the
    /// latest expiry stays.
    ///
    /// # Errors
    /// A [`StoreError`] when some rows may not have been written.
    fn raise_expiry<'a>(
        &'a self,
        id: WriteId,
        rows: &'a [(RowAddress, Row)],
        now: UnixMillis,
    ) -> StoreFuture<'a, ()>;

    /// Reads up to `limit` rows of a table with their keys, in the order of their bytes, from the first
    /// after `after` on. Fewer mean that there are no more.
    ///
    /// # Errors
    /// A [`StoreError`] when they cannot be read now.
    fn scan(
        &self,
        table: Table,
        after: Option<RowKey>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<(RowKey, StoredRow)>>;

    /// Deletes up to `limit` rows that have expired at `now`, and says how many. Fewer than `limit`
    /// mean that there are no more. A row that is given a later expiry meanwhile stays.
    ///
    /// # Errors
    /// A [`StoreError`] when it ended early; calling again goes on.
    fn purge_expired(&self, now: UnixMillis, limit: usize) -> StoreFuture<'_, usize>;
}

/// Values, in parts. What becomes of a blob is told by rows, which are the vault's affair: parts may be
/// left behind by whatever breaks off, and are deleted when the vault finds them in a
/// [`list`](Self::list).
pub trait Blobs: fmt::Debug + Send + Sync + 'static {
    /// Begins a blob. An identifier is used for one only.
    ///
    /// # Errors
    /// A [`StoreError`] when none was begun.
    fn create(&self, blob: Blob) -> StoreFuture<'_, Box<dyn BlobWriter>>;

    /// Reads one part of a blob that was finished; `None` when it is not there.
    ///
    /// # Errors
    /// A [`StoreError`] when the part cannot be read now.
    fn read(&self, blob: Blob, part: u32) -> StoreFuture<'_, Option<Bytes>>;

    /// Deletes a blob, finished or not. An unknown one is no error.
    ///
    /// # Errors
    /// A [`StoreError`] when that did not happen completely; calling again finishes it.
    fn delete(&self, blob: BlobId) -> StoreFuture<'_, ()>;

    /// Names up to `limit` blobs, finished or not, in the order of their bytes, from the first after
    /// `after` on. Fewer mean that there are no more. Every blob of which a part takes room is named
    /// sooner or later; one that changes meanwhile may be missing.
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
