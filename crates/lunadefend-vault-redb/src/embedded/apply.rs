//! What the commands do to the tables, inside one transaction.

use super::{
    layout::{
        CHUNK_KEY_LEN, CHUNKS, EXPIRY, EXPIRY_KEY_LEN, ROW_KEY_LEN, ROWS, blob_of, chunk_key,
        decode_row, encode_row, expiry_key, row_key, split_expiry_key,
    },
    writer::Step,
};
use lunadefend_vault::store::{BlobId, Row, Table, Write, Written};
use redb::{ReadableTable, WriteTransaction};

/// How many rows one step of purging looks at.
const PURGE_ROWS: usize = 1024;
/// How many chunks one step deletes.
const PURGE_CHUNKS: usize = 128;

/// The expiry of the row of a blob whose chunks are being deleted: no chunk may be added to it.
const CONDEMNED: u64 = 0;

pub(super) struct Transaction<'t> {
    rows: redb::Table<'t, &'static [u8; ROW_KEY_LEN], &'static [u8]>,
    expiry: redb::Table<'t, &'static [u8; EXPIRY_KEY_LEN], ()>,
    chunks: redb::Table<'t, &'static [u8; CHUNK_KEY_LEN], &'static [u8]>,
    changed: bool,
}

impl<'t> Transaction<'t> {
    pub(super) fn open(write: &'t WriteTransaction) -> Result<Self, redb::Error> {
        Ok(Self {
            rows: write.open_table(ROWS)?,
            expiry: write.open_table(EXPIRY)?,
            chunks: write.open_table(CHUNKS)?,
            changed: false,
        })
    }

    /// Closes the tables and says whether there is anything to commit.
    pub(super) fn close(self) -> bool {
        self.changed
    }

    pub(super) fn write(&mut self, batch: &[Write], now: u64) -> Result<Written, redb::Error> {
        // All conditions before the first change: a conflict leaves nothing behind, and the other
        // batches of the transaction go on.
        for write in batch {
            let holds = match write {
                Write::Insert { table, key, .. } => {
                    self.live(&row_key(*table, key), now)?.is_none()
                }
                Write::Replace {
                    table,
                    key,
                    expected,
                    ..
                } => self
                    .live(&row_key(*table, key), now)?
                    .is_some_and(|held| held.value == *expected),
                Write::Put { .. } | Write::RaiseExpiry { .. } | Write::Delete { .. } => true,
            };
            if !holds {
                return Ok(Written::Conflict);
            }
        }
        for write in batch {
            let key = row_key(write.table(), write.key());
            match write {
                Write::Insert { row, .. } | Write::Put { row, .. } | Write::Replace { row, .. } => {
                    self.put(&key, row)?
                }
                Write::RaiseExpiry { row, .. } => {
                    let held = self.live(&key, now)?;
                    if held.is_none_or(|held| held.expires_before(row)) {
                        self.put(&key, row)?;
                    }
                }
                Write::Delete { .. } => {
                    self.changed |= self.rows.remove(&key)?.is_some();
                }
            }
        }
        Ok(Written::Done)
    }

    pub(super) fn put_chunk(
        &mut self,
        blob: &BlobId,
        index: u32,
        data: &[u8],
    ) -> Result<Written, redb::Error> {
        let owner = self.row(&row_key(Table::Blob, &blob.row_key()))?;
        if owner.is_none_or(|row| row.expires_at == Some(CONDEMNED)) {
            return Ok(Written::Conflict);
        }
        self.chunks.insert(&chunk_key(blob, index), data)?;
        self.changed = true;
        Ok(Written::Done)
    }

    /// Condemns the blob and deletes some of its chunks; with the last of them goes its row. When
    /// the process ends in between, the row's expiry makes the next purge finish it.
    pub(super) fn delete_blob(&mut self, blob: &BlobId) -> Result<Step, redb::Error> {
        let key = row_key(Table::Blob, &blob.row_key());
        let Some(row) = self.row(&key)? else {
            return Ok(Step::default());
        };
        if self.delete_chunks(blob)? {
            self.rows.remove(&key)?;
            self.changed = true;
            return Ok(Step {
                rows: 1,
                more: false,
            });
        }
        if row.expires_at != Some(CONDEMNED) {
            self.put(&key, &Row::until(CONDEMNED, row.value))?;
        }
        Ok(Step {
            rows: 0,
            more: true,
        })
    }

    /// Forbids more chunks to a blob that was not finished; the next purge deletes those it has.
    pub(super) fn condemn(&mut self, blob: &BlobId) -> Result<(), redb::Error> {
        let key = row_key(Table::Blob, &blob.row_key());
        match self.row(&key)? {
            Some(row) if row.expires_at.is_some() => {
                self.put(&key, &Row::until(CONDEMNED, row.value))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn purge(&mut self, now: u64) -> Result<Step, redb::Error> {
        let last = expiry_key(now, &[u8::MAX; ROW_KEY_LEN]);
        let entries = self
            .expiry
            .range::<&[u8; EXPIRY_KEY_LEN]>(..=&last)?
            .take(PURGE_ROWS)
            .map(|entry| entry.map(|(key, _)| *key.value()))
            .collect::<Result<Vec<_>, _>>()?;
        let mut step = Step {
            rows: 0,
            more: entries.len() == PURGE_ROWS,
        };
        for entry in entries {
            let (expires_at, key) = split_expiry_key(&entry);
            // An entry outlives its row when the row was deleted or given another expiry.
            let is_current = self
                .row(&key)?
                .is_some_and(|row| row.expires_at == Some(expires_at));
            if is_current {
                if let Some(blob) = blob_of(&key)
                    && !self.delete_chunks(&blob)?
                {
                    step.more = true;
                    break;
                }
                self.rows.remove(&key)?;
                step.rows += 1;
            }
            self.expiry.remove(&entry)?;
            self.changed = true;
        }
        Ok(step)
    }

    fn row(&self, key: &[u8; ROW_KEY_LEN]) -> Result<Option<Row>, redb::Error> {
        let found = self.rows.get(key)?;
        found.map(|row| decode_row(row.value())).transpose()
    }

    fn live(&self, key: &[u8; ROW_KEY_LEN], now: u64) -> Result<Option<Row>, redb::Error> {
        Ok(self.row(key)?.filter(|row| row.is_live(now)))
    }

    fn put(&mut self, key: &[u8; ROW_KEY_LEN], row: &Row) -> Result<(), redb::Error> {
        self.rows.insert(key, encode_row(row).as_slice())?;
        if let Some(expires_at) = row.expires_at {
            self.expiry.insert(&expiry_key(expires_at, key), ())?;
        }
        self.changed = true;
        Ok(())
    }

    /// Deletes chunks of a blob, from the first on; true when none is left.
    fn delete_chunks(&mut self, blob: &BlobId) -> Result<bool, redb::Error> {
        let (first, last) = (chunk_key(blob, 0), chunk_key(blob, u32::MAX));
        let keys = self
            .chunks
            .range::<&[u8; CHUNK_KEY_LEN]>(&first..=&last)?
            .take(PURGE_CHUNKS)
            .map(|entry| entry.map(|(key, _)| *key.value()))
            .collect::<Result<Vec<_>, _>>()?;
        for key in &keys {
            self.chunks.remove(key)?;
            self.changed = true;
        }
        Ok(keys.len() < PURGE_CHUNKS)
    }
}
