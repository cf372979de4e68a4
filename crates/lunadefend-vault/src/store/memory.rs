//! A complete store in memory.

use bytes::Bytes;
use lunadefend_core::BoxFuture;
use lunadefend_vault::store::{
    BlobId, Row, RowKey, Store, StoreError, Table, Write, Written, check_batch,
};
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard},
};

/// A [`Store`] in memory, for tests and as a model: it ends with the process.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    rows: BTreeMap<(Table, RowKey), Row>,
    chunks: BTreeMap<(BlobId, u32), Bytes>,
}

impl MemoryStore {
    fn lock(&self) -> Result<MutexGuard<'_, Inner>, StoreError> {
        self.0.lock().map_err(|_| StoreError::Closed)
    }
}

impl Inner {
    fn live(&self, table: Table, key: RowKey, now: u64) -> Option<&Row> {
        self.rows.get(&(table, key)).filter(|row| row.is_live(now))
    }
}

impl Store for MemoryStore {
    fn get<'a>(
        &'a self,
        table: Table,
        key: &'a RowKey,
    ) -> BoxFuture<'a, Result<Option<Row>, StoreError>> {
        Box::pin(async move { Ok(self.lock()?.rows.get(&(table, *key)).cloned()) })
    }

    fn write(&self, batch: Vec<Write>, now: u64) -> BoxFuture<'_, Result<Written, StoreError>> {
        Box::pin(async move {
            check_batch(&batch)?;
            let mut inner = self.lock()?;
            // First every condition, then every change: a conflict leaves nothing behind.
            for write in &batch {
                let held = inner.live(write.table(), *write.key(), now);
                let holds = match write {
                    Write::Insert { .. } => held.is_none(),
                    Write::Replace { expected, .. } => {
                        held.is_some_and(|row| row.value == *expected)
                    }
                    _ => true,
                };
                if !holds {
                    return Ok(Written::Conflict);
                }
            }
            for write in batch {
                let at = (write.table(), *write.key());
                match write {
                    Write::Insert { row, .. }
                    | Write::Put { row, .. }
                    | Write::Replace { row, .. } => {
                        inner.rows.insert(at, row);
                    }
                    Write::RaiseExpiry { row, .. } => {
                        let held = inner.live(at.0, at.1, now);
                        if held.is_none_or(|held| held.expires_before(&row)) {
                            inner.rows.insert(at, row);
                        }
                    }
                    Write::Delete { .. } => {
                        inner.rows.remove(&at);
                    }
                }
            }
            Ok(Written::Done)
        })
    }

    fn put_chunk<'a>(
        &'a self,
        blob: &'a BlobId,
        index: u32,
        data: Bytes,
    ) -> BoxFuture<'a, Result<Written, StoreError>> {
        Box::pin(async move {
            let mut inner = self.lock()?;
            if !inner.rows.contains_key(&(Table::Blob, blob.row_key())) {
                return Ok(Written::Conflict);
            }
            inner.chunks.insert((*blob, index), data);
            Ok(Written::Done)
        })
    }

    fn get_chunk<'a>(
        &'a self,
        blob: &'a BlobId,
        index: u32,
    ) -> BoxFuture<'a, Result<Option<Bytes>, StoreError>> {
        Box::pin(async move { Ok(self.lock()?.chunks.get(&(*blob, index)).cloned()) })
    }

    fn delete_blob<'a>(&'a self, blob: &'a BlobId) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let mut inner = self.lock()?;
            inner.rows.remove(&(Table::Blob, blob.row_key()));
            inner.chunks.retain(|(of, _), _| of != blob);
            Ok(())
        })
    }

    fn purge_expired(&self, now: u64) -> BoxFuture<'_, Result<usize, StoreError>> {
        Box::pin(async move {
            let mut inner = self.lock()?;
            let before = inner.rows.len();
            inner.rows.retain(|_, row| row.is_live(now));
            let Inner { rows, chunks } = &mut *inner;
            chunks.retain(|(blob, _), _| rows.contains_key(&(Table::Blob, blob.row_key())));
            Ok(before - inner.rows.len())
        })
    }

    fn check(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move { self.lock().map(drop) })
    }
}
