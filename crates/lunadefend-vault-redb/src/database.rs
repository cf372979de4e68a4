//! The open database, and its replacement after a failure.

use crate::{file::Source, guarded::guarded};
use lunadefend_vault::store::StoreError;
use redb::Database;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

/// The database that all readers and the writer use.
///
/// redb refuses every further access once one has failed, including reads from the disk, since the state of
/// its memory is unknown then. The state of the file is known once it is reopened, which can happen while
/// readers wait.
pub(crate) struct Slot {
    /// The error while the database is being reopened, or cannot be.
    open: RwLock<Result<OpenDatabase, StoreError>>,
    /// `None` for a store in memory, which cannot be reopened.
    source: Option<Source>,
    /// The failure of an access to this database, by a writer or a reader.
    failed: Mutex<Option<StoreError>>,
}

impl Slot {
    pub(crate) fn new(database: Database, source: Option<Source>) -> Self {
        Self {
            open: RwLock::new(Ok(OpenDatabase(Some(database)))),
            source,
            failed: Mutex::new(None),
        }
    }

    /// Runs a call into redb.
    pub(crate) fn with<T>(
        &self,
        call: impl FnOnce(&Database) -> Result<T, redb::Error>,
    ) -> Result<T, StoreError> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        let database = open.as_ref().map_err(Clone::clone)?;
        let result = guarded(|| call(database.get()?));
        if let Err(error @ StoreError::Unavailable(_)) = &result {
            *self.failure() = Some(error.clone());
        }
        result
    }

    /// Returns the failure of an access since the file was opened: all later accesses fail too.
    pub(crate) fn failed(&self) -> Option<StoreError> {
        self.failure().clone()
    }

    fn failure(&self) -> MutexGuard<'_, Option<StoreError>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns whether [`reopen`](Self::reopen) can help.
    pub(crate) const fn can_reopen(&self) -> bool {
        self.source.is_some()
    }

    /// Closes the database and reopens its file. Reads fail with `error` meanwhile, and with the cause when
    /// it cannot be opened.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] because of an [`OpenError`](crate::OpenError); the next call tries again.
    pub(crate) fn reopen(&self, error: StoreError) -> Result<(), StoreError> {
        // The file has one user at a time: the old one ends before there is a new one.
        drop(self.exchange(Err(error)));
        let Some(source) = &self.source else {
            return Err(StoreError::Closed);
        };
        match source.reopen() {
            Ok(database) => {
                *self.failure() = None;
                drop(self.exchange(Ok(OpenDatabase(Some(database)))));
                Ok(())
            }
            Err(error) => {
                let error = StoreError::unavailable(error);
                drop(self.exchange(Err(error.clone())));
                Err(error)
            }
        }
    }

    /// Returns whether the database is open.
    pub(crate) fn is_open(&self) -> bool {
        self.open
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .is_ok()
    }

    fn exchange(&self, new: Result<OpenDatabase, StoreError>) -> Result<OpenDatabase, StoreError> {
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *open, new)
    }
}

/// Closes the database when it is dropped.
struct OpenDatabase(Option<Database>);

impl OpenDatabase {
    fn get(&self) -> Result<&Database, redb::Error> {
        self.0.as_ref().ok_or(redb::Error::DatabaseClosed)
    }
}

impl Drop for OpenDatabase {
    fn drop(&mut self) {
        // What was acknowledged is durable; closing only spares the next start a repair.
        let closed = guarded(|| Ok(self.0.take().map(Database::close).transpose()?));
        if let Err(error) = closed {
            tracing::warn!(error = %error, "the embedded store was not closed properly");
        }
    }
}
