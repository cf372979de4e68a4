//! Calls into redb, and what their failures mean.

use lunadefend_vault::store::StoreError;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

/// Runs calls into redb. It panics in places when a file was changed behind its back; that must
/// become an error of this call, not the end of a thread.
pub(crate) fn guarded<T>(call: impl FnOnce() -> Result<T, redb::Error>) -> Result<T, StoreError> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(result) => result.map_err(failure),
        Err(_) => Err(StoreError::Corrupt(None)),
    }
}

pub(crate) fn failure(error: redb::Error) -> StoreError {
    match error {
        redb::Error::DatabaseClosed => StoreError::Closed,
        redb::Error::Corrupted(_)
        | redb::Error::TableTypeMismatch { .. }
        | redb::Error::TableDoesNotExist(_)
        | redb::Error::LockPoisoned(_) => StoreError::Corrupt(Some(Arc::new(error))),
        error => StoreError::unavailable(error),
    }
}
