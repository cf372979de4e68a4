//! Syncs that begin before redb waits for them.

use redb::{BackendError, StorageBackend};
use std::{
    io,
    ops::Bound,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread::{Builder, JoinHandle},
};

/// How many bytes are written before their sync begins. As much again may be written while it runs.
const BEGIN_AFTER: usize = 8 * 1024 * 1024;

/// A file that goes to the disk while more of it is written. So a long value is written and sealed as it is synced, and the
/// sync of a commit finds little left to do, also that of a small row.
#[derive(Debug)]
pub(crate) struct EarlySync<B> {
    file: Arc<B>,
    /// Bytes since the last sync began.
    written: AtomicUsize,
    early: Mutex<Early>,
}

#[derive(Debug, Default)]
struct Early {
    running: Option<JoinHandle<io::Result<()>>>,
    /// Linux tells a failure once. So no later sync may succeed: what was written may be lost.
    failure: Option<Arc<io::Error>>,
}

impl<B: StorageBackend> EarlySync<B> {
    pub(crate) fn new(file: B) -> Self {
        Self {
            file: Arc::new(file),
            written: AtomicUsize::new(0),
            early: Mutex::default(),
        }
    }

    fn early(&self) -> MutexGuard<'_, Early> {
        self.early.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a sync in a thread of its own, once the one before has ended.
    fn begin(&self) -> io::Result<()> {
        let mut early = self.early();
        if self.written.swap(0, Ordering::Relaxed) < BEGIN_AFTER {
            return Ok(());
        }
        early.settle()?;
        let file = Arc::clone(&self.file);
        let thread = Builder::new().name("lunadefend-sync".to_owned());
        // Without a thread the next commit has all of it to sync.
        early.running = thread.spawn(move || file.sync_data()).ok();
        Ok(())
    }
}

impl Early {
    /// Waits for the sync that runs.
    fn settle(&mut self) -> io::Result<()> {
        if let Some(running) = self.running.take() {
            let synced = running.join();
            let synced = synced.unwrap_or_else(|_| Err(io::Error::other("a sync panicked")));
            self.failure = self.failure.take().or(synced.err().map(Arc::new));
        }
        match &self.failure {
            Some(failure) => Err(io::Error::new(failure.kind(), Arc::clone(failure))),
            None => Ok(()),
        }
    }
}

impl<B: StorageBackend> StorageBackend for EarlySync<B> {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut early = self.early();
        self.written.store(0, Ordering::Relaxed);
        early.settle()?;
        drop(early);
        self.file.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.file.write(offset, data)?;
        let before = self.written.fetch_add(data.len(), Ordering::Relaxed);
        if before.saturating_add(data.len()) >= BEGIN_AFTER {
            self.begin()?;
        }
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        // Whoever waited for its outcome has asked.
        drop(self.early().settle());
        self.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_range(start, end)
    }

    fn try_lock_shared_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.query_lock_range(start, end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use redb::backends::InMemoryBackend;

    /// Counts syncs, and fails the first ones.
    #[derive(Debug, Default)]
    struct Disk {
        memory: InMemoryBackend,
        syncs: Arc<AtomicUsize>,
        failures: usize,
    }

    impl StorageBackend for Disk {
        fn len(&self) -> io::Result<u64> {
            self.memory.len()
        }

        fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
            self.memory.read(offset, out)
        }

        fn set_len(&self, len: u64) -> io::Result<()> {
            self.memory.set_len(len)
        }

        fn sync_data(&self) -> io::Result<()> {
            let before = self.syncs.fetch_add(1, Ordering::SeqCst);
            if before < self.failures {
                return Err(io::ErrorKind::StorageFull.into());
            }
            Ok(())
        }

        fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
            self.memory.write(offset, data)
        }
    }

    fn file(failures: usize) -> (EarlySync<Disk>, Arc<AtomicUsize>) {
        let disk = Disk {
            failures,
            ..Disk::default()
        };
        let syncs = Arc::clone(&disk.syncs);
        let file = EarlySync::new(disk);
        file.set_len(BEGIN_AFTER as u64).unwrap();
        (file, syncs)
    }

    #[test]
    fn a_sync_begins_after_every_few_megabytes() {
        let (file, syncs) = file(0);
        let half = vec![7; BEGIN_AFTER / 2];
        for _ in 0..7 {
            file.write(0, &half).unwrap();
        }
        file.close().unwrap();
        assert_eq!(syncs.load(Ordering::SeqCst), 3);
    }

    #[test]
    fn what_redb_has_synced_is_not_synced_early() {
        let (file, syncs) = file(0);
        for _ in 0..4 {
            file.write(0, &vec![7; BEGIN_AFTER - 1]).unwrap();
            file.sync_data().unwrap();
        }
        assert_eq!(syncs.load(Ordering::SeqCst), 4);
    }

    /// The disk tells of its failure once: to the early sync, for which redb does not wait.
    #[test]
    fn no_sync_succeeds_after_one_that_failed() {
        let (file, syncs) = file(1);
        file.write(0, &vec![7; BEGIN_AFTER]).unwrap();
        for _ in 0..3 {
            let error = file.sync_data().unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::StorageFull);
            assert!(file.write(0, &vec![7; BEGIN_AFTER]).is_err());
        }
        assert_eq!(syncs.load(Ordering::SeqCst), 1);
    }
}
