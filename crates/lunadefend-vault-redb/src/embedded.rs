//! The embedded store: one file, no server.

mod apply;
mod commit;
mod database;
mod file;
mod layout;
mod room;
mod writer;

#[cfg(test)]
mod tests;

pub(crate) use file::sync_directory;
use lunadefend_vault::store::{
    BlobId, Row, RowKey, Store, StoreError, Table, Write, Written, check_batch,
};

use bytes::Bytes;
use commit::{Pause, State};
use database::Slot;
use file::Source;
use layout::{CHUNKS, ROWS, chunk_key, decode_row, row_key};
use lunadefend_core::BoxFuture;
use redb::ReadableDatabase;
use room::Room;
use std::{fmt, path::Path, sync::Arc};
use writer::{Command, Writer};

/// How to open an [`EmbeddedStore`].
///
/// ```
/// use lunadefend_vault_redb::EmbeddedOptions;
///
/// let options = EmbeddedOptions::default().cache_size(256 * 1024 * 1024);
/// ```
#[derive(Clone, Debug)]
pub struct EmbeddedOptions {
    cache_size: usize,
    check_on_open: bool,
    reserve: u64,
}

impl Default for EmbeddedOptions {
    fn default() -> Self {
        Self {
            cache_size: 64 * 1024 * 1024,
            check_on_open: true,
            reserve: Self::RESERVE,
        }
    }
}

impl EmbeddedOptions {
    /// What is kept free on the disk unless told otherwise: 128 MiB. It is more than what the store
    /// has accepted and not written yet, so that much of it is there for grants and sessions.
    pub const RESERVE: u64 = 128 * 1024 * 1024;

    /// How many bytes of the disk are kept for grants, sessions and the like: while less is free new
    /// values are refused ([`StoreError::Full`]). [`RESERVE`](Self::RESERVE) unless set; 0 keeps
    /// nothing. On systems other than Unix nobody looks.
    #[must_use]
    pub const fn reserve(mut self, bytes: u64) -> Self {
        self.reserve = bytes;
        self
    }

    /// Memory for cached pages in bytes; 64 MiB unless set.
    #[must_use]
    pub const fn cache_size(mut self, bytes: usize) -> Self {
        self.cache_size = bytes;
        self
    }

    /// Whether opening reads the whole file and compares all checksums; true unless set.
    ///
    /// Without it damage is found when the damaged row is read. After a crash the file is always
    /// checked.
    #[must_use]
    pub const fn check_on_open(mut self, check: bool) -> Self {
        self.check_on_open = check;
        self
    }
}

/// A [`Store`] in one file of this machine (redb).
///
/// One process has the file at a time. A thread of its own writes: it takes all writes that wait,
/// judges them one after the other inside one transaction and commits that once, so that many
/// waiting writers share one `fsync`. What was acknowledged survives a kill of the process and, if
/// the disk keeps its word, a power cut.
///
/// Reads run where they are called, without a thread pool: they read pages from memory, or a few of
/// them from the file, in less time than a hand-over to another thread takes.
///
/// After a failed write (a full disk, say) the file is opened again, so that reading goes on, and
/// what is written next is tried after a pause of a second or more: until it succeeds every write and
/// [`Store::check`] fail. An upload that was running then has to begin again. While less than the
/// [reserve](EmbeddedOptions::reserve) is free on the disk, new values are refused and all else goes on.
///
/// # Blocking
/// [`open`](Self::open) reads the file and blocks: call it before the server starts. Dropping the
/// store waits for the commit that is running.
pub struct EmbeddedStore {
    writer: Writer,
    database: Arc<Slot>,
    /// `None` in memory.
    room: Option<Room>,
}

impl EmbeddedStore {
    /// Opens the store at `path`, or makes one where there is no file or an empty one. A new file
    /// can be read by its owner only.
    ///
    /// # Errors
    /// [`StoreError::InUse`], [`StoreError::NotAStore`], [`StoreError::TooNew`],
    /// [`StoreError::Corrupt`] or [`StoreError::Open`], each for what it says.
    pub fn open(path: &Path, options: &EmbeddedOptions) -> Result<Self, StoreError> {
        let source = Source::new(path, options, |file| file);
        Self::start(source, Room::new(path, options.reserve), Pause::default())
    }

    /// Makes a store in memory, for development and tests: it ends with the process.
    ///
    /// # Errors
    /// [`StoreError::Io`] when there is no thread to be had.
    pub fn in_memory() -> Result<Self, StoreError> {
        let database = Arc::new(Slot::new(file::in_memory()?, None));
        Ok(Self {
            writer: Writer::start(State::new(Arc::clone(&database), Pause::default()))?,
            database,
            room: None,
        })
    }

    fn start(source: Source, room: Room, pause: Pause) -> Result<Self, StoreError> {
        let database = Arc::new(Slot::new(source.open()?, Some(source)));
        Ok(Self {
            writer: Writer::start(State::new(Arc::clone(&database), pause))?,
            database,
            room: Some(room),
        })
    }

    fn read_row(&self, table: Table, key: &RowKey) -> Result<Option<Row>, StoreError> {
        self.database.with(|database| {
            let rows = database.begin_read()?.open_table(ROWS)?;
            let found = rows.get(&row_key(table, key))?;
            found.map(|row| decode_row(row.value())).transpose()
        })
    }

    fn read_chunk(&self, blob: &BlobId, index: u32) -> Result<Option<Bytes>, StoreError> {
        self.database.with(|database| {
            let chunks = database.begin_read()?.open_table(CHUNKS)?;
            let found = chunks.get(&chunk_key(blob, index))?;
            Ok(found.map(|chunk| Bytes::copy_from_slice(chunk.value())))
        })
    }
}

impl fmt::Debug for EmbeddedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbeddedStore").finish_non_exhaustive()
    }
}

impl Store for EmbeddedStore {
    fn get<'a>(
        &'a self,
        table: Table,
        key: &'a RowKey,
    ) -> BoxFuture<'a, Result<Option<Row>, StoreError>> {
        Box::pin(async move { self.read_row(table, key) })
    }

    fn write(&self, batch: Vec<Write>, now: u64) -> BoxFuture<'_, Result<Written, StoreError>> {
        Box::pin(async move {
            check_batch(&batch)?;
            self.writer
                .run(|reply| Command::Write { batch, now, reply })
                .await
        })
    }

    fn put_chunk<'a>(
        &'a self,
        blob: &'a BlobId,
        index: u32,
        data: Bytes,
    ) -> BoxFuture<'a, Result<Written, StoreError>> {
        Box::pin(async move {
            let blob = *blob;
            self.writer
                .run(|reply| Command::PutChunk {
                    blob,
                    index,
                    data,
                    reply,
                })
                .await
        })
    }

    fn get_chunk<'a>(
        &'a self,
        blob: &'a BlobId,
        index: u32,
    ) -> BoxFuture<'a, Result<Option<Bytes>, StoreError>> {
        Box::pin(async move { self.read_chunk(blob, index) })
    }

    fn delete_blob<'a>(&'a self, blob: &'a BlobId) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let blob = *blob;
            // In steps, so that a large value does not hold up everybody's commit.
            while self
                .writer
                .run(|reply| Command::DeleteBlob { blob, reply })
                .await?
                .more
            {}
            Ok(())
        })
    }

    fn purge_expired(&self, now: u64) -> BoxFuture<'_, Result<usize, StoreError>> {
        Box::pin(async move {
            let mut rows = 0;
            loop {
                let step = self
                    .writer
                    .run(|reply| Command::Purge { now, reply })
                    .await?;
                rows += step.rows;
                if !step.more {
                    return Ok(rows);
                }
            }
        })
    }

    fn check(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            self.writer.run(|reply| Command::Check { reply }).await?;
            self.read_row(Table::KeyRing, &RowKey::new([0; 32]))
                .map(drop)
        })
    }

    fn check_room(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move { self.room.as_ref().map_or(Ok(()), Room::check) })
    }
}
