//! What an operator does to a file that no tokenizer serves.

use crate::{
    EmbeddedOptions, EmbeddedStore, OpenError,
    file::Source,
    guarded::{failure, guarded},
    layout::{EXPIRY, ROWS, decode_row, expiry_key},
};
use lunadefend_vault::store::StoreError;
use redb::{ReadableDatabase, ReadableTable};
use std::path::Path;

/// Gives the room that deleted rows and values have left back to the disk. What is stored stays as it is.
///
/// It rewrites pages in transactions: a crash in the middle leaves a good store. It needs some free room itself.
///
/// # Errors
/// [`OpenError::InUse`] while a tokenizer serves the file, and the others of [`EmbeddedStore::open`]. A missing file is
/// [`OpenError::File`].
pub fn compact(path: &Path, options: &EmbeddedOptions) -> Result<(), OpenError> {
    let mut database = Source::new(path, options, |file| file).reopen()?;
    guarded(|| database.compact().map_err(redb::Error::from))?;
    let closed = database.close();
    closed.map_err(|error| failure(error.into()).into())
}

impl EmbeddedStore {
    /// Returns how many rows expire and are missing in the index by which expired rows are found. None should be.
    ///
    /// # Errors
    /// A [`StoreError`] when the file cannot be read.
    pub fn count_unindexed(&self) -> Result<u64, StoreError> {
        self.database.with(|database| {
            let read = database.begin_read()?;
            let (rows, index) = (read.open_table(ROWS)?, read.open_table(EXPIRY)?);
            let mut missing = 0;
            for entry in rows.iter()? {
                let (key, row) = entry?;
                let expires_at = decode_row(row.value())?.row.expires_at;
                if let Some(at) = expires_at
                    && index.get(&expiry_key(at, key.value()))?.is_none()
                {
                    missing += 1;
                }
            }
            Ok(missing)
        })
    }
}
