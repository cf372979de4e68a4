//! A complete store in memory.

use lunadefend_vault::store::{
    Batch, Blob, BlobId, BlobWriter, Blobs, Bytes, Judgement, PartKey, Row, RowAddress, RowKey,
    Rows, Snapshot, Store, StoreError, StoreFuture, StoredRow, Table, UnixMillis, WriteId,
    WriteOutcome,
};
use std::{
    collections::BTreeMap,
    ops::Bound::{Excluded, Unbounded},
    sync::{Arc, Mutex, MutexGuard},
};

/// A [`Store`] in memory, for tests and as a model: its content ends with the process.
#[derive(Debug, Default)]
pub struct MemoryStore(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    rows: BTreeMap<RowAddress, StoredRow>,
    blobs: BTreeMap<BlobId, Vec<Bytes>>,
}

impl Inner {
    fn rows_after(
        &self,
        table: Table,
        after: Option<RowKey>,
        limit: usize,
    ) -> Vec<(RowKey, StoredRow)> {
        let rows = self.rows.iter().filter(|(at, _)| at.table == table);
        let rest = rows.filter(|(at, _)| after.is_none_or(|after| at.key > after));
        let page = rest.take(limit).map(|(at, row)| (at.key, row.clone()));
        page.collect()
    }
}

fn lock(inner: &Mutex<Inner>) -> Result<MutexGuard<'_, Inner>, StoreError> {
    inner.lock().map_err(|_| StoreError::Closed)
}

impl Store for MemoryStore {
    fn check(&self) -> StoreFuture<'_, ()> {
        Box::pin(async move { lock(&self.0).map(drop) })
    }

    fn snapshot(&self) -> StoreFuture<'_, Option<Arc<dyn Snapshot>>> {
        Box::pin(async move {
            let Inner { rows, blobs } = &*lock(&self.0)?;
            let (rows, blobs) = (rows.clone(), blobs.clone());
            let copy: Arc<dyn Snapshot> = Arc::new(Inner { rows, blobs });
            Ok(Some(copy))
        })
    }
}

impl Snapshot for Inner {
    fn scan(
        &self,
        table: Table,
        after: Option<RowKey>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<(RowKey, StoredRow)>> {
        Box::pin(async move { Ok(self.rows_after(table, after, limit)) })
    }

    fn parts(
        &self,
        after: Option<PartKey>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<(PartKey, Bytes)>> {
        Box::pin(async move {
            let parts = self.blobs.iter().flat_map(|(id, parts)| {
                let parts = (0..).zip(parts);
                parts.map(|(number, part)| ((*id, number), part.clone()))
            });
            let after = parts.filter(|(key, _)| after.is_none_or(|after| *key > after));
            Ok(after.take(limit).collect())
        })
    }
}

impl Rows for MemoryStore {
    fn get_many<'a>(&'a self, at: &'a [RowAddress]) -> StoreFuture<'a, Vec<Option<StoredRow>>> {
        Box::pin(async move {
            let inner = lock(&self.0)?;
            Ok(at.iter().map(|at| inner.rows.get(at).cloned()).collect())
        })
    }

    fn write<'a>(&'a self, batch: &'a Batch, now: UnixMillis) -> StoreFuture<'a, WriteOutcome> {
        Box::pin(async move {
            let mut inner = lock(&self.0)?;
            let held = batch.writes().iter().map(|write| inner.rows.get(&write.at));
            let held: Vec<_> = held.map(Option::<&_>::cloned).collect();
            let judgement = batch.judge(&held, now);
            let applies = judgement == Judgement::Apply;
            for write in batch.writes().iter().filter(|_| applies) {
                let (row, written_by) = (write.change.row().cloned(), batch.id());
                match row.map(|row| StoredRow { row, written_by }) {
                    Some(row) => inner.rows.insert(write.at, row),
                    None => inner.rows.remove(&write.at),
                };
            }
            Ok(judgement.outcome())
        })
    }

    fn raise_expiry<'a>(
        &'a self,
        id: WriteId,
        rows: &'a [(RowAddress, Row)],
        now: UnixMillis,
    ) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let mut inner = lock(&self.0)?;
            for (at, row) in rows {
                let live = inner.rows.get(at).filter(|held| held.row.is_live(now));
                if live.is_none_or(|held| held.row.expires_before(row)) {
                    let (row, written_by) = (row.clone(), id);
                    inner.rows.insert(*at, StoredRow { row, written_by });
                }
            }
            Ok(())
        })
    }

    fn scan(
        &self,
        table: Table,
        after: Option<RowKey>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<(RowKey, StoredRow)>> {
        Box::pin(async move { lock(&self.0).map(|inner| inner.rows_after(table, after, limit)) })
    }

    fn purge_expired(&self, now: UnixMillis, limit: usize) -> StoreFuture<'_, usize> {
        Box::pin(async move {
            let rows = &mut lock(&self.0)?.rows;
            let expired = rows.iter().filter(|(_, held)| !held.row.is_live(now));
            let expired: Vec<_> = expired.map(|(at, _)| *at).take(limit).collect();
            expired.iter().for_each(|at| drop(rows.remove(at)));
            Ok(expired.len())
        })
    }
}

impl Blobs for MemoryStore {
    fn create(&self, blob: Blob) -> StoreFuture<'_, Box<dyn BlobWriter>> {
        let writer = Writer(Arc::clone(&self.0), blob.id);
        Box::pin(async move { Ok(Box::new(writer) as Box<dyn BlobWriter>) })
    }

    fn read(&self, blob: Blob, part: u32) -> StoreFuture<'_, Option<Bytes>> {
        Box::pin(async move {
            let inner = lock(&self.0)?;
            let parts = inner.blobs.get(&blob.id);
            Ok(parts.and_then(|parts| parts.get(part as usize).cloned()))
        })
    }

    fn delete(&self, blob: BlobId) -> StoreFuture<'_, ()> {
        Box::pin(async move { lock(&self.0).map(|mut inner| drop(inner.blobs.remove(&blob))) })
    }

    fn list(&self, after: Option<BlobId>, limit: usize) -> StoreFuture<'_, Vec<BlobId>> {
        Box::pin(async move {
            let inner = lock(&self.0)?;
            let range = (after.map_or(Unbounded, Excluded), Unbounded);
            let ids = inner.blobs.range(range).map(|(id, _)| *id);
            Ok(ids.take(limit).collect())
        })
    }
}

#[derive(Debug)]
struct Writer(Arc<Mutex<Inner>>, BlobId);

impl BlobWriter for Writer {
    fn write(&mut self, part: Bytes) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            let mut inner = lock(&self.0)?;
            inner.blobs.entry(self.1).or_default().push(part);
            Ok(())
        })
    }

    fn finish(self: Box<Self>) -> StoreFuture<'static, ()> {
        Box::pin(async move { Ok(()) })
    }
}
