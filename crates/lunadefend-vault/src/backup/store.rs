//! A backup as a store that can only be read.

use super::{BackupFile, block::Block, file::First};
use crate::store::{
    Batch, Blob, BlobId, BlobWriter, Blobs, Bytes, PartKey, Row, RowAddress, RowKey, Rows, Store,
    StoreError, StoreFuture, StoredRow, Table, UnixMillis, WriteId, WriteOutcome,
};

impl BackupFile {
    /// Returns the number of the block that has this key, if any has.
    fn block_of(&self, key: First) -> usize {
        let after = self.index.partition_point(|place| place.first <= key);
        after.saturating_sub(1)
    }

    fn row(&self, at: &RowAddress) -> Result<Option<StoredRow>, StoreError> {
        let block = self.block(self.block_of(First::Row(*at)))?;
        Ok(match block.as_deref() {
            Some(Block::Rows(table, rows)) if *table == at.table => {
                let found = rows.binary_search_by_key(&at.key, |(key, _)| *key).ok();
                found
                    .and_then(|place| rows.get(place))
                    .map(|(_, row)| row.clone())
            }
            _ => None,
        })
    }

    /// Goes through the parts from a key on, until `each` says that it was enough.
    fn parts_from(
        &self,
        from: PartKey,
        mut each: impl FnMut(PartKey, &Bytes) -> bool,
    ) -> Result<(), StoreError> {
        for number in self.block_of(First::Part(from)).. {
            match self.block(number)?.as_deref() {
                None => return Ok(()),
                Some(Block::Rows(..)) => {}
                Some(Block::Parts(parts)) => {
                    let begin = parts.partition_point(|(key, _)| *key < from);
                    for (key, part) in parts.iter().skip(begin) {
                        if !each(*key, part) {
                            return Ok(());
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Returns the first blob from this key on.
    fn blob_from(&self, from: PartKey) -> Result<Option<BlobId>, StoreError> {
        let mut found = None;
        self.parts_from(from, |(id, _), _| {
            found = Some(id);
            false
        })?;
        Ok(found)
    }
}

/// What cannot be done to a backup.
fn read_only<T>() -> StoreFuture<'static, T> {
    Box::pin(async { Err(StoreError::Closed) })
}

impl Store for BackupFile {
    fn check(&self) -> StoreFuture<'_, ()> {
        Box::pin(async { Ok(()) })
    }
}

impl Rows for BackupFile {
    fn get_many<'a>(&'a self, at: &'a [RowAddress]) -> StoreFuture<'a, Vec<Option<StoredRow>>> {
        Box::pin(async move { at.iter().map(|at| self.row(at)).collect() })
    }

    fn write<'a>(&'a self, _: &'a Batch, _: UnixMillis) -> StoreFuture<'a, WriteOutcome> {
        read_only()
    }

    fn raise_expiry<'a>(
        &'a self,
        _: WriteId,
        _: &'a [(RowAddress, Row)],
        _: UnixMillis,
    ) -> StoreFuture<'a, ()> {
        read_only()
    }

    fn scan(
        &self,
        table: Table,
        after: Option<RowKey>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<(RowKey, StoredRow)>> {
        Box::pin(async move {
            let key = after.unwrap_or(RowKey::new([0; 32]));
            let mut found = Vec::new();
            for number in self.block_of(First::Row(RowAddress { table, key })).. {
                let block = self.block(number)?;
                match block.as_deref() {
                    Some(Block::Rows(of, rows)) if *of == table => {
                        let begin =
                            after.map_or(0, |after| rows.partition_point(|(key, _)| *key <= after));
                        let left = limit.saturating_sub(found.len());
                        found.extend(rows.iter().skip(begin).take(left).cloned());
                    }
                    Some(Block::Rows(of, _)) if *of < table => {}
                    _ => break,
                }
                if found.len() >= limit {
                    break;
                }
            }
            Ok(found)
        })
    }

    fn purge_expired(&self, _: UnixMillis, _: usize) -> StoreFuture<'_, usize> {
        read_only()
    }
}

impl Blobs for BackupFile {
    fn create(&self, _: Blob) -> StoreFuture<'_, Box<dyn BlobWriter>> {
        read_only()
    }

    fn read(&self, blob: Blob, part: u32) -> StoreFuture<'_, Option<Bytes>> {
        Box::pin(async move {
            let mut found = None;
            self.parts_from((blob.id, part), |key, bytes| {
                found = (key == (blob.id, part)).then(|| bytes.clone());
                false
            })?;
            Ok(found)
        })
    }

    fn delete(&self, _: BlobId) -> StoreFuture<'_, ()> {
        read_only()
    }

    fn list(&self, after: Option<BlobId>, limit: usize) -> StoreFuture<'_, Vec<BlobId>> {
        Box::pin(async move {
            let mut listed = Vec::new();
            let mut from = after.map_or((BlobId::new([0; 32]), 0), |id| (id, u32::MAX));
            // From blob to blob, without looking at all parts of each.
            while listed.len() < limit {
                match self.blob_from(from)? {
                    // No blob has so many parts.
                    Some(id) if id == from.0 && from.1 == u32::MAX => break,
                    Some(id) => {
                        listed.push(id);
                        from = (id, u32::MAX);
                    }
                    None => break,
                }
            }
            Ok(listed)
        })
    }
}
