//! The embedded store: one file, no server.

use crate::{
    EmbeddedOptions, OpenError,
    blobs::AHEAD,
    commit::{Counted, Losses, Pause, State},
    database::Slot,
    file::{self, Source},
    job::Weight,
    layout::ROWS,
    room::Room,
    rows::read_row,
    snapshot::FileSnapshot,
    writer::{Queue, Writer},
};
use lunadefend_vault::store::{
    Commits, RowAddress, RowKey, Snapshot, Store, StoreError, StoreFuture, Table,
};
use redb::ReadableDatabase;
use std::{fmt, path::Path, sync::Arc};
use tokio::sync::Semaphore;

/// A [`Store`] in one file of this machine (redb).
///
/// Only one process can open the file at a time. One thread does all writes. It judges all waiting writes one
/// after the other inside one transaction and commits once, so that many writers share one `fsync`.
/// Acknowledged writes survive a kill of the process and, if the disk honours `fsync`, a power cut. Parts of
/// a value become durable with the end of their value, or after 64 MiB.
///
/// Reads run on the caller's thread, without a thread pool. They read pages from memory, or a few of them
/// from the file, in less time than a hand-over to another thread takes.
///
/// After a failed write (a full disk, for example) the store reopens its file, so that reads go on. It tries
/// to write again after a pause of a second or more; until that succeeds every write and [`Store::check`]
/// fail. An interrupted upload must begin again. While less than the [reserve](EmbeddedOptions::reserve) is
/// free on the disk, the store refuses new values and all else goes on.
///
/// # Blocking
/// [`open`](Self::open) reads the file and blocks: call it before the server starts. Dropping the store waits
/// for the running commit.
pub struct EmbeddedStore {
    writer: Writer,
    pub(crate) database: Arc<Slot>,
    pub(crate) losses: Losses,
    /// The places of parts that are on their way to the thread.
    pub(crate) ahead: Arc<Semaphore>,
    counted: Counted,
    /// `None` for a store in memory.
    room: Option<Room>,
}

impl EmbeddedStore {
    /// Opens the store at `path`, or makes one if the file is missing or empty. A new file
    /// can be read by its owner only. A file of an older format becomes one of the newest.
    ///
    /// # Errors
    /// [`OpenError::InUse`], [`OpenError::NotAStore`], [`OpenError::TooNew`], [`OpenError::File`], or
    /// [`OpenError::Store`] for a damaged file.
    pub fn open(path: &Path, options: &EmbeddedOptions) -> Result<Self, OpenError> {
        let source = Source::new(path, options, |file| file);
        Self::start(source, Room::new(path, options.reserve), Pause::default())
    }

    /// Makes a store in memory, for development and tests: its content ends with the process.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the thread cannot start.
    pub fn in_memory() -> Result<Self, StoreError> {
        Self::on(Slot::new(file::in_memory()?, None), None, Pause::default())
    }

    pub(crate) fn start(source: Source, room: Room, pause: Pause) -> Result<Self, OpenError> {
        let slot = Slot::new(source.open()?, Some(source));
        Ok(Self::on(slot, Some(room), pause)?)
    }

    fn on(slot: Slot, room: Option<Room>, pause: Pause) -> Result<Self, StoreError> {
        let database = Arc::new(slot);
        let losses = Losses::default();
        let counted = Counted::default();
        let state = State::new(
            Arc::clone(&database),
            losses.clone(),
            counted.clone(),
            pause,
        );
        Ok(Self {
            writer: Writer::start(state)?,
            database,
            losses,
            ahead: Arc::new(Semaphore::new(AHEAD)),
            counted,
            room,
        })
    }

    pub(crate) const fn queue(&self) -> &Queue {
        self.writer.queue()
    }
}

impl Store for EmbeddedStore {
    fn check(&self) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            self.queue().run(Weight::Durable(0), |_| Ok(())).await?;
            let at = RowAddress {
                table: Table::KeyRing,
                key: RowKey::new([0; 32]),
            };
            self.database
                .with(|database| read_row(&database.begin_read()?.open_table(ROWS)?, &at).map(drop))
        })
    }

    fn check_room(&self) -> StoreFuture<'_, ()> {
        Box::pin(async move { self.room.as_ref().map_or(Ok(()), Room::check) })
    }

    fn commits(&self) -> Option<Commits> {
        Some(self.counted.get())
    }

    fn snapshot(&self) -> StoreFuture<'_, Option<Arc<dyn Snapshot>>> {
        Box::pin(async move {
            let snapshot: Arc<dyn Snapshot> = Arc::new(FileSnapshot::of(self)?);
            Ok(Some(snapshot))
        })
    }
}

impl fmt::Debug for EmbeddedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbeddedStore").finish_non_exhaustive()
    }
}
