//! Changes of the tables, inside one transaction.

use crate::layout::{
    EXPIRY, EXPIRY_KEY_LEN, PART_KEY_LEN, PARTS, ROW_KEY_LEN, ROWS, decode_row, encode_row,
    expiry_key, part_key, row_key, split_expiry_key,
};
use lunadefend_core::provider::UnixMillis;
use lunadefend_vault::store::{
    Batch, BlobId, Judgement, Row, RowAddress, StoredRow, WriteId, WriteOutcome,
};
use redb::{ReadableTable, WriteTransaction};

/// The maximum of entries that one step of a purge checks.
const PURGE_ENTRIES: usize = 1024;
/// The maximum of parts that one step deletes.
pub(crate) const DELETE_PARTS: usize = 128;

/// The progress of a deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) rows: usize,
    pub(crate) more: bool,
}

pub(crate) struct Transaction<'t> {
    rows: redb::Table<'t, &'static [u8; ROW_KEY_LEN], &'static [u8]>,
    expiry: redb::Table<'t, &'static [u8; EXPIRY_KEY_LEN], ()>,
    parts: redb::Table<'t, &'static [u8; PART_KEY_LEN], &'static [u8]>,
    losses: u64,
    changed: bool,
}

impl<'t> Transaction<'t> {
    /// Opens the tables. `losses` is the number of times that acknowledged parts were lost.
    pub(crate) fn open(write: &'t WriteTransaction, losses: u64) -> Result<Self, redb::Error> {
        Ok(Self {
            rows: write.open_table(ROWS)?,
            expiry: write.open_table(EXPIRY)?,
            parts: write.open_table(PARTS)?,
            losses,
            changed: false,
        })
    }

    /// Closes the tables and returns whether there are changes to commit.
    pub(crate) fn close(self) -> bool {
        self.changed
    }

    pub(crate) fn write(
        &mut self,
        batch: &Batch,
        now: UnixMillis,
    ) -> Result<WriteOutcome, redb::Error> {
        // All conditions before the first change: a conflict leaves nothing behind, and the other
        // batches of the transaction go on.
        let held = batch.writes().iter().map(|write| self.row(&write.at));
        let held = held.collect::<Result<Vec<_>, _>>()?;
        let judgement = batch.judge(&held, now);
        if judgement == Judgement::Apply {
            for write in batch.writes() {
                match write.change.row() {
                    Some(row) => self.put(&write.at, row, batch.id())?,
                    None => self.changed |= self.rows.remove(&row_key(&write.at))?.is_some(),
                }
            }
        }
        Ok(judgement.outcome())
    }

    pub(crate) fn raise_expiry(
        &mut self,
        id: WriteId,
        rows: &[(RowAddress, Row)],
        now: UnixMillis,
    ) -> Result<(), redb::Error> {
        for (at, row) in rows {
            let live = self.row(at)?.filter(|held| held.row.is_live(now));
            if live.is_none_or(|held| held.row.expires_before(row)) {
                self.put(at, row, id)?;
            }
        }
        Ok(())
    }

    /// Returns whether every part acknowledged since then is still present.
    pub(crate) const fn has_lost_nothing_since(&self, losses: u64) -> bool {
        self.losses == losses
    }

    pub(crate) fn put_part(
        &mut self,
        blob: &BlobId,
        index: u32,
        data: &[u8],
    ) -> Result<(), redb::Error> {
        self.parts.insert(&part_key(blob, index), data)?;
        self.changed = true;
        Ok(())
    }

    /// Deletes parts of a blob, from the first on; returns whether more may be left.
    pub(crate) fn delete_parts(&mut self, blob: &BlobId) -> Result<bool, redb::Error> {
        let (first, last) = (part_key(blob, 0), part_key(blob, u32::MAX));
        let keys = self
            .parts
            .range::<&[u8; PART_KEY_LEN]>(&first..=&last)?
            .take(DELETE_PARTS)
            .map(|entry| entry.map(|(key, _)| *key.value()))
            .collect::<Result<Vec<_>, _>>()?;
        for key in &keys {
            self.parts.remove(key)?;
            self.changed = true;
        }
        Ok(keys.len() == DELETE_PARTS)
    }

    /// Deletes expired rows, `limit` at most.
    pub(crate) fn purge(&mut self, now: UnixMillis, limit: usize) -> Result<Step, redb::Error> {
        let last = expiry_key(now, &[u8::MAX; ROW_KEY_LEN]);
        let entries = self
            .expiry
            .range::<&[u8; EXPIRY_KEY_LEN]>(..=&last)?
            .take(PURGE_ENTRIES.min(limit))
            .map(|entry| entry.map(|(key, _)| *key.value()))
            .collect::<Result<Vec<_>, _>>()?;
        let more = entries.len() == PURGE_ENTRIES.min(limit);
        let mut rows = 0;
        for entry in entries {
            let (expires_at, key) = split_expiry_key(&entry);
            let found = self.rows.get(&key)?;
            let held = found.map(|row| decode_row(row.value())).transpose()?;
            // An entry outlives its row when the row was deleted or given another expiry.
            if held.is_some_and(|held| held.row.expires_at == Some(expires_at)) {
                self.rows.remove(&key)?;
                rows += 1;
            }
            self.expiry.remove(&entry)?;
            self.changed = true;
        }
        Ok(Step { rows, more })
    }

    fn row(&self, at: &RowAddress) -> Result<Option<StoredRow>, redb::Error> {
        let found = self.rows.get(&row_key(at))?;
        found.map(|row| decode_row(row.value())).transpose()
    }

    fn put(&mut self, at: &RowAddress, row: &Row, id: WriteId) -> Result<(), redb::Error> {
        let key = row_key(at);
        self.rows.insert(&key, encode_row(row, id).as_slice())?;
        if let Some(expires_at) = row.expires_at {
            self.expiry.insert(&expiry_key(expires_at, &key), ())?;
        }
        self.changed = true;
        Ok(())
    }
}
