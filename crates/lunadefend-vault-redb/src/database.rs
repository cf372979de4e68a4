//! The open database, and its exchange for a fresh one after a failure.

use crate::{file::Source, guarded::guarded};
use lunadefend_vault::store::StoreError;
use redb::Database;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

/// The database that all readers and the writer use.
///
/// redb refuses every further access once one has failed, also reads of what is on the disk: the
/// state of what it holds in memory is not known then. That of the file is known once it is opened
/// again, so this can be done while others wait to read.
pub(crate) struct Slot {
    /// Why there is no database, while it is being opened again or cannot be.
    open: RwLock<Result<OpenDatabase, StoreError>>,
    /// `None` for a store in memory, which has nothing to be opened again.
    source: Option<Source>,
    /// How an access to this database failed, also of somebody who read.
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

    /// How an access failed since the file was opened: all that follow fail too.
    pub(crate) fn failed(&self) -> Option<StoreError> {
        self.failure().clone()
    }

    fn failure(&self) -> MutexGuard<'_, Option<StoreError>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether [`reopen`](Self::reopen) can help.
    pub(crate) const fn can_reopen(&self) -> bool {
        self.source.is_some()
    }

    /// Closes the database and opens its file again. Reads fail with `error` meanwhile, and when it
    /// cannot be opened with what was wrong.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] because of an [`OpenError`](crate::OpenError); calling it again tries
    /// again.
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

    /// Whether there is a database.
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
