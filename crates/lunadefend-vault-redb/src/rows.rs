//! Rows in the file.

use crate::{
    EmbeddedStore,
    job::{MAX_GROUP_BYTES, Weight},
    layout::{ROW_KEY_LEN, ROWS, decode_row, row_key},
    snapshot::scan,
};
use lunadefend_core::provider::UnixMillis;
use lunadefend_vault::store::{
    Batch, Row, RowAddress, RowKey, Rows, StoreFuture, StoredRow, Table, WriteId, WriteOutcome,
};
use redb::{ReadOnlyTable, ReadableDatabase};

/// The approximate bytes that a row takes beside its value: its key, its expiry, and pages around it.
const AROUND: usize = 256;

impl Rows for EmbeddedStore {
    fn get_many<'a>(&'a self, at: &'a [RowAddress]) -> StoreFuture<'a, Vec<Option<StoredRow>>> {
        Box::pin(async move {
            self.database.with(|database| {
                let rows = database.begin_read()?.open_table(ROWS)?;
                at.iter().map(|at| read_row(&rows, at)).collect()
            })
        })
    }

    fn write<'a>(&'a self, batch: &'a Batch, now: UnixMillis) -> StoreFuture<'a, WriteOutcome> {
        let batch = batch.clone();
        let rows = batch.writes().iter().map(|write| write.change.row());
        let bytes = rows.map(|row| AROUND + row.map_or(0, |row| row.value.len()));
        let weight = Weight::Durable(bytes.sum());
        Box::pin(self.queue().run(weight, move |tx| tx.write(&batch, now)))
    }

    fn raise_expiry<'a>(
        &'a self,
        id: WriteId,
        rows: &'a [(RowAddress, Row)],
        now: UnixMillis,
    ) -> StoreFuture<'a, ()> {
        let rows = rows.to_vec();
        let bytes = rows.iter().map(|(_, row)| AROUND + row.value.len());
        let weight = Weight::Durable(bytes.sum());
        let raise = move |tx: &mut crate::apply::Transaction<'_>| tx.raise_expiry(id, &rows, now);
        Box::pin(self.queue().run(weight, raise))
    }

    fn scan(
        &self,
        table: Table,
        after: Option<RowKey>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<(RowKey, StoredRow)>> {
        Box::pin(async move {
            self.database
                .with(|database| scan(&database.begin_read()?, table, after, limit))
        })
    }

    fn purge_expired(&self, now: UnixMillis, limit: usize) -> StoreFuture<'_, usize> {
        Box::pin(async move {
            let mut rows = 0;
            // In steps, so that a long purge does not delay all other commits.
            while rows < limit {
                let left = limit - rows;
                let step = self
                    .queue()
                    .run(Weight::Durable(MAX_GROUP_BYTES), move |tx| {
                        tx.purge(now, left)
                    })
                    .await?;
                rows += step.rows;
                if !step.more {
                    break;
                }
            }
            Ok(rows)
        })
    }
}

pub(crate) fn read_row(
    rows: &ReadOnlyTable<&[u8; ROW_KEY_LEN], &[u8]>,
    at: &RowAddress,
) -> Result<Option<StoredRow>, redb::Error> {
    let found = rows.get(&row_key(at))?;
    found.map(|row| decode_row(row.value())).transpose()
}
