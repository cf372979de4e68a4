//! The content of the file at one moment: a read transaction, beside which writing goes on.

use crate::{
    EmbeddedStore,
    guarded::guarded,
    layout::{PARTS, ROWS, decode_row, key_of, last_row_key, part_key, row_key, split_part_key},
};
use bytes::Bytes;
use lunadefend_vault::store::{
    PartKey, RowAddress, RowKey, Snapshot, StoreError, StoreFuture, StoredRow, Table,
};
use redb::{ReadTransaction, ReadableDatabase};
use std::{fmt, ops::Bound};

/// Pages that it needs are not used again while it is there, so the file may grow.
pub(crate) struct FileSnapshot(ReadTransaction);

impl FileSnapshot {
    pub(crate) fn of(store: &EmbeddedStore) -> Result<Self, StoreError> {
        store
            .database
            .with(|database| Ok(Self(database.begin_read()?)))
    }
}

impl Snapshot for FileSnapshot {
    fn scan(
        &self,
        table: Table,
        after: Option<RowKey>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<(RowKey, StoredRow)>> {
        let found = guarded(|| scan(&self.0, table, after, limit));
        Box::pin(std::future::ready(found))
    }

    fn parts(
        &self,
        after: Option<PartKey>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<(PartKey, Bytes)>> {
        let found = guarded(|| {
            let parts = self.0.open_table(PARTS)?;
            let first = after.map(|(blob, number)| part_key(&blob, number));
            let first = first.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
            let range = (first, Bound::Unbounded);
            parts
                .range::<&[u8; 36]>(range)?
                .take(limit)
                .map(|entry| {
                    let (key, part) = entry?;
                    let part = Bytes::copy_from_slice(part.value());
                    Ok((split_part_key(key.value()), part))
                })
                .collect()
        });
        Box::pin(std::future::ready(found))
    }
}

/// Reads rows of a table, in the order of their keys.
pub(crate) fn scan(
    read: &ReadTransaction,
    table: Table,
    after: Option<RowKey>,
    limit: usize,
) -> Result<Vec<(RowKey, StoredRow)>, redb::Error> {
    let first = match after {
        Some(key) => Bound::Excluded(row_key(&RowAddress { table, key })),
        None => Bound::Included(row_key(&RowAddress {
            table,
            key: RowKey::new([0; 32]),
        })),
    };
    let last = Bound::Included(last_row_key(table));
    let rows = read.open_table(ROWS)?;
    let range = (first.as_ref(), last.as_ref());
    rows.range::<&[u8; 33]>(range)?
        .take(limit)
        .map(|entry| {
            let (key, row) = entry?;
            Ok((key_of(key.value()), decode_row(row.value())?))
        })
        .collect()
}

impl fmt::Debug for FileSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileSnapshot")
    }
}
