//! The content of a store at one moment.

use super::{BlobId, RowKey, StoreFuture, StoredRow, Table};
use bytes::Bytes;
use std::fmt;

/// Names a part: its blob, and its number in it.
pub type PartKey = (BlobId, u32);

/// All rows and parts of a store at one moment, while others go on writing.
///
/// It may keep the store from using room again: drop it soon.
pub trait Snapshot: fmt::Debug + Send + Sync + 'static {
    /// Reads up to `limit` rows of a table with their keys, in byte order, from the first after `after`. Fewer than
    /// `limit` mean the end of the table.
    ///
    /// # Errors
    /// A [`StoreError`](super::StoreError) when they cannot be read now.
    fn scan(
        &self,
        table: Table,
        after: Option<RowKey>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<(RowKey, StoredRow)>>;

    /// Reads up to `limit` parts of all blobs, finished or not, in the order of blobs and numbers, from the first after
    /// `after`. Fewer than `limit` mean the end.
    ///
    /// # Errors
    /// A [`StoreError`](super::StoreError) when they cannot be read now.
    fn parts(&self, after: Option<PartKey>, limit: usize)
    -> StoreFuture<'_, Vec<(PartKey, Bytes)>>;
}
