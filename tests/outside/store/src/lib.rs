//! A store that counts, written against `lunadefend-vault` alone.

use lunadefend_vault::store::{
    Batch, Blob, BlobId, BlobWriter, Blobs, Bytes, MemoryStore, Row, RowAddress, RowKey, Rows,
    Store, StoreFuture, StoredRow, Table, UnixMillis, WriteId, WriteOutcome,
};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts the batches and blobs on their way to another store.
#[derive(Debug, Default)]
pub struct Counting {
    inner: MemoryStore,
    batches: AtomicUsize,
    blobs: AtomicUsize,
}

impl Counting {
    /// How many batches were written and how many blobs were begun.
    pub fn counts(&self) -> (usize, usize) {
        let read = |count: &AtomicUsize| count.load(Ordering::SeqCst);
        (read(&self.batches), read(&self.blobs))
    }
}

impl Store for Counting {
    fn check(&self) -> StoreFuture<'_, ()> {
        self.inner.check()
    }
}

impl Rows for Counting {
    fn get_many<'a>(&'a self, at: &'a [RowAddress]) -> StoreFuture<'a, Vec<Option<StoredRow>>> {
        self.inner.get_many(at)
    }

    fn write<'a>(&'a self, batch: &'a Batch, now: UnixMillis) -> StoreFuture<'a, WriteOutcome> {
        self.batches.fetch_add(1, Ordering::SeqCst);
        self.inner.write(batch, now)
    }

    fn raise_expiry<'a>(
        &'a self,
        id: WriteId,
        rows: &'a [(RowAddress, Row)],
        now: UnixMillis,
    ) -> StoreFuture<'a, ()> {
        self.inner.raise_expiry(id, rows, now)
    }

    fn scan(
        &self,
        table: Table,
        after: Option<RowKey>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<(RowKey, StoredRow)>> {
        self.inner.scan(table, after, limit)
    }

    fn purge_expired(&self, now: UnixMillis, limit: usize) -> StoreFuture<'_, usize> {
        self.inner.purge_expired(now, limit)
    }
}

impl Blobs for Counting {
    fn create(&self, blob: Blob) -> StoreFuture<'_, Box<dyn BlobWriter>> {
        self.blobs.fetch_add(1, Ordering::SeqCst);
        self.inner.create(blob)
    }

    fn read(&self, blob: Blob, part: u32) -> StoreFuture<'_, Option<Bytes>> {
        self.inner.read(blob, part)
    }

    fn delete(&self, blob: BlobId) -> StoreFuture<'_, ()> {
        self.inner.delete(blob)
    }

    fn list(&self, after: Option<BlobId>, limit: usize) -> StoreFuture<'_, Vec<BlobId>> {
        self.inner.list(after, limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lunadefend_vault::store::conformance;

    #[tokio::test]
    async fn a_store_of_another_crate_conforms() {
        let store = Counting::default();
        conformance::all(&store).await;
        let (batches, blobs) = store.counts();
        assert!(batches > 0 && blobs > 0);
    }
}
