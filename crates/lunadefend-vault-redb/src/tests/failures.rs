//! A disk that fills up, or fails, and has room again: what was acknowledged stays, reading goes on,
//! and the store works again without a restart.

mod parts;

use super::*;
use redb::{BackendError, StorageBackend, backends::FileBackend};
use std::{
    io,
    ops::Bound,
    sync::{
        Mutex,
        atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

/// What the disk under a store does.
#[derive(Debug)]
struct Disk {
    /// The longest that the file may be.
    size: AtomicU64,
    /// How many accesses that change it still succeed.
    writes_left: AtomicI64,
    /// The same for reads.
    reads_left: AtomicI64,
    syncs: AtomicUsize,
    /// Whoever holds it keeps each sync waiting.
    held: Mutex<()>,
}

impl Disk {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            size: AtomicU64::new(u64::MAX),
            writes_left: AtomicI64::new(i64::MAX),
            reads_left: AtomicI64::new(i64::MAX),
            syncs: AtomicUsize::new(0),
            held: Mutex::new(()),
        })
    }

    fn mend(&self) {
        self.size.store(u64::MAX, Ordering::SeqCst);
        self.writes_left.store(i64::MAX, Ordering::SeqCst);
        self.reads_left.store(i64::MAX, Ordering::SeqCst);
    }

    fn may_write(&self, end: u64) -> Result<(), io::Error> {
        if end > self.size.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        one_of(&self.writes_left)
    }
}

fn one_of(left: &AtomicI64) -> Result<(), io::Error> {
    if left.fetch_sub(1, Ordering::SeqCst) > 0 {
        Ok(())
    } else {
        Err(io::Error::other("the disk fails"))
    }
}

#[derive(Debug)]
struct OnDisk {
    file: FileBackend,
    disk: Arc<Disk>,
}

impl StorageBackend for OnDisk {
    fn len(&self) -> Result<u64, io::Error> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
        one_of(&self.disk.reads_left)?;
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> Result<(), io::Error> {
        self.disk.may_write(len)?;
        self.file.set_len(len)
    }

    fn sync_data(&self) -> Result<(), io::Error> {
        one_of(&self.disk.writes_left)?;
        self.disk.syncs.fetch_add(1, Ordering::SeqCst);
        drop(self.disk.held.lock().unwrap());
        self.file.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), io::Error> {
        self.disk.may_write(offset + data.len() as u64)?;
        self.file.write(offset, data)
    }

    fn close(&self) -> Result<(), io::Error> {
        self.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }
}

/// A store on such a disk, without a pause after a failure. Its cache is small, so that reading
/// reads the file.
fn on(disk: &Arc<Disk>, path: &Path) -> Result<EmbeddedStore, OpenError> {
    on_with_room(disk, Room::new(path, 0), path)
}

fn on_with_room(disk: &Arc<Disk>, room: Room, path: &Path) -> Result<EmbeddedStore, OpenError> {
    let disk = Arc::clone(disk);
    let options = EmbeddedOptions::default().cache_size(64 * 1024);
    let source = Source::new(path, &options, move |file| OnDisk {
        file,
        disk: Arc::clone(&disk),
    });
    let none = Pause {
        least: Duration::ZERO,
        openings: 0,
    };
    EmbeddedStore::start(source, room, none)
}

fn large(number: u64) -> Row {
    Row::lasting(Bytes::from(vec![number as u8; 20_000]))
}

/// Inserts rows until one is refused, and says how many there are.
async fn fill(store: &EmbeddedStore, from: u64) -> u64 {
    for number in from.. {
        assert!(number < from + 10_000, "the disk is never full");
        let written = write(store, vec![insert(number, large(number))]).await;
        match written {
            Ok(written) => assert_eq!(written, WriteOutcome::Applied),
            Err(error) => {
                assert!(
                    matches!(error, StoreError::Unavailable(_) | StoreError::Unknown(_)),
                    "{error:?}"
                );
                return number;
            }
        }
    }
    unreachable!()
}

async fn assert_there(store: &EmbeddedStore, rows: std::ops::Range<u64>) {
    for number in rows {
        let found = get(store, number).await.unwrap();
        assert!(found == Some(large(number)), "row {number}");
    }
}

#[tokio::test]
async fn a_full_disk_is_survived_without_a_restart() {
    let (_directory, path) = temporary();
    let disk = Disk::new();
    let store = on(&disk, &path).unwrap();
    disk.size.store(8 * 1024 * 1024, Ordering::SeqCst);
    let rows = fill(&store, 0).await;
    assert!(rows > 50, "{rows}");
    assert_there(&store, 0..rows).await;
    // What needs little may still fit into the file, and what does not fit harms nobody.
    for round in 0..5 {
        let row = || Row::lasting(Bytes::from(vec![0; Row::MAX_BYTES]));
        let writes = (0..9).map(|number| insert(rows + 1 + 9 * round + number, row()));
        assert!(write(&store, writes.collect()).await.is_err());
        assert_there(&store, 0..rows).await;
    }

    disk.mend();
    store.check().await.unwrap();
    let written = write(&store, vec![insert(rows, large(rows))]).await;
    assert_eq!(written.unwrap(), WriteOutcome::Applied);
    assert_there(&store, 0..rows + 1).await;
    drop(store);
    assert_there(&open(&path).unwrap(), 0..rows + 1).await;
}

#[tokio::test]
async fn while_nothing_can_be_written_health_says_so_and_reading_goes_on() {
    let (_directory, path) = temporary();
    let disk = Disk::new();
    let store = on(&disk, &path).unwrap();
    let put = async |number| write(&store, vec![insert(number, large(number))]).await;
    for number in 0..200 {
        assert_eq!(put(number).await.unwrap(), WriteOutcome::Applied);
    }
    store.check().await.unwrap();
    disk.writes_left.store(0, Ordering::SeqCst);
    assert!(matches!(
        put(200).await,
        Err(StoreError::Unavailable(_) | StoreError::Unknown(_))
    ));
    for _ in 0..3 {
        assert!(store.check().await.is_err());
        assert!(put(200).await.is_err());
    }
    // Enough to open the file again, which notes in its head that it is open.
    disk.mend();
    disk.size.store(4096, Ordering::SeqCst);
    assert!(store.check().await.is_err());
    assert_there(&store, 0..200).await;
    assert!(put(200).await.is_err());

    disk.mend();
    store.check().await.unwrap();
    assert_there(&store, 0..200).await;
    assert_eq!(put(200).await.unwrap(), WriteOutcome::Applied);
}

/// A failed read makes redb refuse all others too.
#[tokio::test]
async fn a_read_that_failed_once_is_not_the_end_of_reading() {
    let (_directory, path) = temporary();
    let disk = Disk::new();
    let store = on(&disk, &path).unwrap();
    for number in 0..50 {
        let written = write(&store, vec![insert(number, large(number))]).await;
        assert_eq!(written.unwrap(), WriteOutcome::Applied);
    }
    disk.reads_left.store(0, Ordering::SeqCst);
    let mut failed = false;
    for number in 0..50 {
        failed |= get(&store, number).await.is_err();
    }
    assert!(failed, "everything was in the cache");
    disk.mend();
    store.check().await.unwrap();
    assert_there(&store, 0..50).await;
}

/// Wherever the disk fails, what was acknowledged stays, also when it fails while it recovers.
#[tokio::test]
async fn what_was_acknowledged_stays_wherever_the_disk_fails() {
    let mut refused = 0;
    for fails_after in 0..40 {
        let (_directory, path) = temporary();
        let disk = Disk::new();
        let store = on(&disk, &path).unwrap();
        let mut acknowledged = Vec::new();
        for number in 0..12 {
            match number {
                3 => disk.writes_left.store(fails_after, Ordering::SeqCst),
                6 => disk.writes_left.store(fails_after / 2, Ordering::SeqCst),
                9 => {
                    disk.mend();
                    store.check().await.unwrap();
                }
                _ => {}
            }
            let written = write(&store, vec![insert(number, large(number))]).await;
            match written {
                Ok(written) => {
                    assert_eq!(written, WriteOutcome::Applied);
                    acknowledged.push(number);
                }
                Err(_) => refused += 1,
            }
        }
        assert!(acknowledged.ends_with(&[9, 10, 11]), "{acknowledged:?}");
        for number in &acknowledged {
            assert_there(&store, *number..number + 1).await;
        }
        drop(store);
        let store = open(&path).unwrap();
        for number in acknowledged {
            assert_there(&store, number..number + 1).await;
        }
    }
    assert!(refused > 60, "{refused}");
}

/// A commit that failed may have been made: only then nobody is told that nothing was written.
#[tokio::test]
async fn the_outcome_is_unknown_when_the_commit_failed_and_only_then() {
    let (_directory, path) = temporary();
    let disk = Disk::new();
    let store = on(&disk, &path).unwrap();
    let mut unknown = 0;
    for writes_left in 0..12 {
        disk.writes_left.store(writes_left, Ordering::SeqCst);
        let number = 100 + writes_left as u64;
        let outcome = write(&store, vec![insert(number, large(number))]).await;
        disk.mend();
        store.check().await.unwrap();
        let found = get(&store, number).await.unwrap();
        match outcome {
            Ok(_) => assert!(found.is_some(), "{writes_left}"),
            Err(StoreError::Unknown(_)) => unknown += 1,
            Err(error) => {
                assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
                assert!(found.is_none(), "{writes_left}");
            }
        }
    }
    assert!(unknown > 0);
}

#[tokio::test]
async fn below_the_reserve_values_are_refused_and_nothing_else() {
    let (_directory, path) = temporary();
    let free = Arc::new(AtomicU64::new(1_000));
    let measured = Arc::clone(&free);
    let room = Room::measured_by(
        Box::new(move |_| Ok(measured.load(Ordering::SeqCst))),
        &path,
        1_000,
    );
    let store = on_with_room(&Disk::new(), room, &path).unwrap();
    store.check_room().await.unwrap();
    free.store(999, Ordering::SeqCst);
    for number in 0..3 {
        assert!(matches!(store.check_room().await, Err(StoreError::Full)));
        store.check().await.unwrap();
        let written = write(&store, vec![insert(number, large(number))]).await;
        assert_eq!(written.unwrap(), WriteOutcome::Applied);
    }
    free.store(1_000, Ordering::SeqCst);
    store.check_room().await.unwrap();

    // Who cannot measure does not refuse, and neither does who keeps nothing.
    let broken = || Box::new(|_: &Path| Err(io::ErrorKind::Unsupported.into()));
    Room::measured_by(broken(), &path, 1).check().unwrap();
    Room::measured_by(Box::new(|_| Ok(0)), &path, 0)
        .check()
        .unwrap();
}

#[cfg(unix)]
#[test]
fn the_free_space_is_that_of_the_disk() {
    let (_directory, path) = temporary();
    drop(open(&path).unwrap());
    Room::new(&path, 1).check().unwrap();
    let full = Room::new(&path, u64::MAX).check();
    assert!(matches!(full, Err(StoreError::Full)));
}

/// After a failure the file that is gone is missed, not made anew without what was in it.
#[tokio::test]
async fn a_store_whose_file_is_gone_is_not_made_anew() {
    let (_directory, path) = temporary();
    let disk = Disk::new();
    let store = on(&disk, &path).unwrap();
    let written = write(&store, vec![insert(0, large(0))]).await;
    assert_eq!(written.unwrap(), WriteOutcome::Applied);
    disk.writes_left.store(0, Ordering::SeqCst);
    let aside = path.with_extension("aside");
    fs::rename(&path, &aside).unwrap();
    assert!(write(&store, vec![insert(1, large(1))]).await.is_err());
    disk.mend();
    assert!(is_because(store.check().await, |error| matches!(
        error,
        OpenError::File { .. }
    )));
    assert!(!path.exists());
    fs::write(&path, b"").unwrap();
    assert!(is_because(store.check().await, |error| matches!(
        error,
        OpenError::NotAStore { .. }
    )));
    fs::rename(&aside, &path).unwrap();
    store.check().await.unwrap();
    assert_there(&store, 0..1).await;
}

/// Whether the file could not be opened again, and why.
fn is_because(result: Result<(), StoreError>, is: impl Fn(&OpenError) -> bool) -> bool {
    match result {
        Err(StoreError::Unavailable(cause)) => cause.downcast_ref().is_some_and(is),
        _ => false,
    }
}
