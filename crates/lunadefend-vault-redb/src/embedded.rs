//! The embedded store: one file, no server.

use crate::{
    EmbeddedOptions, OpenError,
    commit::{Losses, Pause, State},
    database::Slot,
    file::{self, Source},
    job::Weight,
    room::Room,
    rows::read_row,
    writer::{Queue, Writer},
};
use lunadefend_vault::store::{RowAddress, RowKey, Store, StoreError, StoreFuture, Table};
use redb::ReadableDatabase;
use std::{fmt, path::Path, sync::Arc};

/// A [`Store`] in one file of this machine (redb).
///
/// One process has the file at a time. A thread of its own writes: it takes all writes that wait,
/// judges them one after the other inside one transaction and commits that once, so that many
/// waiting writers share one `fsync`. What was acknowledged survives a kill of the process and, if
/// the disk keeps its word, a power cut. Parts of a value become durable with the end of their value,
/// or after 8 MiB.
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
    pub(crate) database: Arc<Slot>,
    pub(crate) losses: Losses,
    /// `None` in memory.
    room: Option<Room>,
}

impl EmbeddedStore {
    /// Opens the store at `path`, or makes one where there is no file or an empty one. A new file
    /// can be read by its owner only. A file of an older format becomes one of the newest.
    ///
    /// # Errors
    /// [`OpenError::InUse`], [`OpenError::NotAStore`], [`OpenError::TooNew`], [`OpenError::File`], or
    /// [`OpenError::Store`] for a damaged file.
    pub fn open(path: &Path, options: &EmbeddedOptions) -> Result<Self, OpenError> {
        let source = Source::new(path, options, |file| file);
        Self::start(source, Room::new(path, options.reserve), Pause::default())
    }

    /// Makes a store in memory, for development and tests: it ends with the process.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when there is no thread to be had.
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
        let state = State::new(Arc::clone(&database), losses.clone(), pause);
        Ok(Self {
            writer: Writer::start(state)?,
            database,
            losses,
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
                .with(|database| read_row(&database.begin_read()?, &at).map(drop))
        })
    }

    fn check_room(&self) -> StoreFuture<'_, ()> {
        Box::pin(async move { self.room.as_ref().map_or(Ok(()), Room::check) })
    }
}

impl fmt::Debug for EmbeddedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbeddedStore").finish_non_exhaustive()
    }
}
