//! The free room on the disk of the store.

use lunadefend_vault::store::StoreError;
use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

/// Returns the free bytes on the disk of a file.
pub(crate) type FreeSpace = Box<dyn Fn(&Path) -> io::Result<u64> + Send + Sync>;

/// Keeps a part of the disk for small rows: a client that stores values cannot stop the grants and sessions
/// of all others.
pub(crate) struct Room {
    path: PathBuf,
    reserve: u64,
    free: FreeSpace,
    is_full: AtomicBool,
}

impl Room {
    pub(crate) fn new(path: &Path, reserve: u64) -> Self {
        Self::measured_by(Box::new(free_space), path, reserve)
    }

    pub(crate) fn measured_by(free: FreeSpace, path: &Path, reserve: u64) -> Self {
        Self {
            path: path.to_owned(),
            reserve,
            free,
            is_full: AtomicBool::new(false),
        }
    }

    /// # Errors
    /// [`StoreError::Full`] below the reserve. Where the free room is unknown, a write fails instead.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        let is_full =
            self.reserve > 0 && (self.free)(&self.path).is_ok_and(|free| free < self.reserve);
        let was_full = self.is_full.swap(is_full, Ordering::Relaxed);
        match (was_full, is_full) {
            (false, true) => tracing::warn!(
                reserve = self.reserve,
                "less is free on the store's disk than its reserve: new values are refused"
            ),
            (true, false) => tracing::warn!("the store has room for new values again"),
            _ => {}
        }
        if is_full {
            Err(StoreError::Full)
        } else {
            Ok(())
        }
    }
}

impl fmt::Debug for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Room")
            .field("reserve", &self.reserve)
            .finish_non_exhaustive()
    }
}

/// Returns the bytes that this process may still write there, as `df` reports them.
#[cfg(unix)]
fn free_space(path: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(path)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(not(unix))]
fn free_space(_: &Path) -> io::Result<u64> {
    Err(io::ErrorKind::Unsupported.into())
}
