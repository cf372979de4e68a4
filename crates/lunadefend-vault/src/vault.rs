//! The vault: a store, a clock, and the keys.

use crate::{
    DeletionList, MaskPolicy, MasterKeys, VaultError,
    buffers::Buffers,
    keys::OpenRing,
    ring::Ring,
    row_map::{AddressSet, RowMap},
    rows::upkeep,
    store::{
        Batch, Change, Commits, MAX_ROWS, Row, RowAddress, Store, StoreError, StoredRow, Write,
        WriteId, WriteOutcome, copy_mark,
    },
};
use lunadefend_core::provider::{Clock, UnixMillis};
use lunadefend_crypto::random_bytes;
use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockWriteGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// How much the clock may differ from that of the store, or jump between two rounds of the janitor. It is half of the
/// time that a use is remembered beyond its expiry, so that no difference brings one back.
pub(crate) const MAX_APART: Duration = Duration::from_secs(30);
/// From which difference on the log says so.
const NOTICED: Duration = Duration::from_secs(5);

/// The tokenizer's data and the rules for it. Cheap to clone.
///
/// The crate's page lists what the store holds and has an example. All times are those of its clock;
/// everything is refused at its expiry.
#[derive(Clone)]
pub struct Vault {
    inner: Arc<Inner>,
    masks: MaskPolicy,
    deletions: Option<DeletionList>,
}

struct Inner {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    masters: MasterKeys,
    ring: RwLock<OpenRing>,
    /// How much the clock differed from that of the store when that was last looked at, in milliseconds.
    apart: AtomicU64,
    /// When the store was restored from a backup, if it was.
    restored_at: Option<UnixMillis>,
    /// The lease of the janitor's work that this process took last.
    lease: Mutex<Option<WriteId>>,
    buffers: Buffers,
}

impl Vault {
    /// Opens the key ring of a store; in an empty store makes one. When several processes open it at once,
    /// one makes the ring and all use it.
    ///
    /// # Errors
    /// [`VaultError::WrongMasterKey`] when the ring opens under none of `masters`,
    /// [`VaultError::UnfinishedCopy`] when a copy into the store has not ended.
    pub async fn open(
        store: Arc<dyn Store>,
        masters: impl Into<MasterKeys>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, VaultError> {
        let masters = masters.into();
        let at = [Ring::own_address(), copy_mark(), upkeep::restored()];
        let [ring, unfinished, restored] = read(&*store, at).await?;
        if unfinished.is_some() {
            return Err(VaultError::UnfinishedCopy);
        }
        let restored = restored.map(|held| upkeep::read_restored(&held.row));
        if ring.is_none() {
            let ring = Ring::generate(clock.unix_millis())?;
            let sealed = ring.seal(masters.present())?;
            let insert = insert(Ring::own_address(), Row::lasting(sealed));
            // In a conflict another process was first: its ring is as good.
            write(&*store, &*clock, vec![insert]).await?;
        }
        let now = clock.unix_millis();
        let held = stored_ring(&*store).await?.ok_or(VaultError::Corrupt)?;
        let ring = RwLock::new(OpenRing::read(&held, &masters, now)?);
        Ok(Self {
            inner: Arc::new(Inner {
                store,
                clock,
                masters,
                ring,
                apart: AtomicU64::new(0),
                restored_at: restored.transpose()?,
                lease: Mutex::default(),
                buffers: Buffers::default(),
            }),
            masks: MaskPolicy::default(),
            deletions: None,
        })
    }

    /// Returns the same vault with another policy of masks, for values that are stored from now on.
    #[must_use]
    pub fn with_masks(self, masks: MaskPolicy) -> Self {
        Self { masks, ..self }
    }

    /// Returns the same vault with a list of its deletions. A token is deleted only once it is in the list.
    #[must_use]
    pub fn with_deletions(self, list: DeletionList) -> Self {
        Self {
            deletions: Some(list),
            ..self
        }
    }

    pub(crate) const fn deletions(&self) -> Option<&DeletionList> {
        self.deletions.as_ref()
    }

    /// Returns when the store was restored from a backup, if it was.
    ///
    /// What was made until then and is good for one use, or could have been ended, must be refused: the store does not
    /// know what happened after the backup. Of states, URLs, grants, browser sessions and values whose reads are counted
    /// the vault sees to that itself.
    #[must_use]
    pub fn restored_at(&self) -> Option<UnixMillis> {
        self.inner.restored_at
    }

    pub(crate) const fn masks(&self) -> MaskPolicy {
        self.masks
    }

    /// Returns the clock that decides about every expiry.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.inner.clock
    }

    /// Checks that the store works and that this process has its keys, by reading the key ring again, and that its clock
    /// is this one. The log says once when they differ by more than 5 s.
    ///
    /// # Errors
    /// The [`VaultError`] that a request would get; [`VaultError::OtherClock`] when they differ by more than 30 s.
    pub async fn check_health(&self) -> Result<(), VaultError> {
        self.store().check().await?;
        let apart = self.apart().await?;
        let millis = u64::try_from(apart.as_millis()).unwrap_or(u64::MAX);
        let before = self.inner.apart.swap(millis, Ordering::Relaxed);
        if apart > NOTICED && Duration::from_millis(before) <= NOTICED {
            tracing::warn!(
                seconds = apart.as_secs(),
                "the clock of this machine and that of the store differ: let NTP set it; at 30 s this tokenizer is not healthy"
            );
        }
        if apart > MAX_APART {
            return Err(VaultError::OtherClock);
        }
        self.refresh_keys().await
    }

    /// Returns how much the clock differed from that of the store at the last [`check_health`](Self::check_health); zero
    /// when the store has none.
    #[must_use]
    pub fn clock_difference(&self) -> Duration {
        Duration::from_millis(self.inner.apart.load(Ordering::Relaxed))
    }

    /// Returns what the store has committed since it was opened, if it counts that.
    #[must_use]
    pub fn commits(&self) -> Option<Commits> {
        self.store().commits()
    }

    /// Returns how much the clock differs from that of the store; zero when the store has none.
    pub(crate) async fn apart(&self) -> Result<Duration, VaultError> {
        let of_store = self.store().time().await?;
        // After the answer: what it took is not counted for a clock that is behind.
        let now = self.now();
        let apart = of_store.map_or(0, |time| time.get().abs_diff(now.get()));
        Ok(Duration::from_millis(apart))
    }

    /// Returns whether the store takes new values. When it does not, all else goes on.
    ///
    /// # Errors
    /// [`VaultError::Store`] when the store cannot say.
    pub async fn has_room(&self) -> Result<bool, VaultError> {
        match self.store().check_room().await {
            Ok(()) => Ok(true),
            Err(StoreError::Full) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    pub(crate) fn lease(&self) -> MutexGuard<'_, Option<WriteId>> {
        let lease = self.inner.lease.lock();
        lease.unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn masters(&self) -> &MasterKeys {
        &self.inner.masters
    }

    /// The keys, to be replaced.
    pub(crate) fn ring_mut(&self) -> RwLockWriteGuard<'_, OpenRing> {
        let ring = self.inner.ring.write();
        ring.unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads something of the keys as they were read last.
    pub(crate) fn read_ring<T>(&self, read: impl FnOnce(&OpenRing) -> T) -> T {
        let ring = self.inner.ring.read();
        read(&ring.unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn ring(&self) -> Arc<Ring> {
        self.read_ring(|ring| Arc::clone(&ring.keys))
    }

    pub(crate) fn store(&self) -> &dyn Store {
        &*self.inner.store
    }

    pub(crate) fn buffers(&self) -> &Buffers {
        &self.inner.buffers
    }

    pub(crate) fn now(&self) -> UnixMillis {
        self.inner.clock.unix_millis()
    }

    /// Writes a batch and returns the new version of its rows; `None` when a condition did not hold.
    pub(crate) async fn write(&self, writes: Vec<Write>) -> Result<Option<WriteId>, VaultError> {
        self.require_present_keys().await?;
        write(self.store(), self.clock(), writes).await
    }

    /// Writes a batch whose conditions must hold.
    pub(crate) async fn apply(&self, writes: Vec<Write>) -> Result<WriteId, VaultError> {
        self.write(writes).await?.ok_or(VaultError::Conflict)
    }

    /// Returns the write that puts a row in place of the one that was read, if there was any. A change in
    /// between is a conflict.
    pub(crate) fn put(&self, at: RowAddress, held: Option<&StoredRow>, row: Row) -> Write {
        put(at, held, row, self.now())
    }

    /// Writes each row, except over one that lives as long or longer. Name no row twice.
    pub(crate) async fn raise_expiry(&self, rows: &[(RowAddress, Row)]) -> Result<(), VaultError> {
        for rows in rows.chunks(MAX_ROWS) {
            let id = new_write_id()?;
            let raise = || self.store().raise_expiry(id, rows, self.now());
            match raise().await {
                Err(unknown @ StoreError::Unknown(_)) => raise().await.map_err(|_| unknown)?,
                outcome => outcome?,
            }
        }
        Ok(())
    }

    /// Reads rows, without expired ones, in the order of the request.
    pub(crate) async fn live<const N: usize>(
        &self,
        at: [RowAddress; N],
    ) -> Result<[Option<StoredRow>; N], VaultError> {
        let rows = self.rows(at).await?;
        let now = self.now();
        Ok(rows.map(|row| row.filter(|held| held.row.is_live(now))))
    }

    /// Reads rows, including expired ones, in the order of the request.
    pub(crate) async fn rows<const N: usize>(
        &self,
        at: [RowAddress; N],
    ) -> Result<[Option<StoredRow>; N], VaultError> {
        read(self.store(), at).await
    }

    /// Reads any number of rows, including expired ones. A row is found by its address only, so that none can be
    /// taken for another.
    pub(crate) async fn rows_at(&self, at: AddressSet) -> Result<RowMap, VaultError> {
        let at: Vec<_> = at.into_iter().collect();
        let mut found = RowMap::with_capacity_and_hasher(at.len(), Default::default());
        for at in at.chunks(MAX_ROWS) {
            let rows = self.store().get_many(at).await?;
            if rows.len() != at.len() {
                return Err(VaultError::Corrupt);
            }
            let rows = at.iter().copied().zip(rows);
            found.extend(rows.filter_map(|(at, row)| Some((at, row?))));
        }
        Ok(found)
    }
}

pub(crate) async fn stored_ring(store: &dyn Store) -> Result<Option<StoredRow>, VaultError> {
    let [ring] = read(store, [Ring::own_address()]).await?;
    Ok(ring)
}

async fn read<const N: usize>(
    store: &dyn Store,
    at: [RowAddress; N],
) -> Result<[Option<StoredRow>; N], VaultError> {
    let rows = store.get_many(&at).await?;
    // A response that does not match the request is not to be trusted.
    rows.try_into().map_err(|_| VaultError::Corrupt)
}

/// Writes a batch, and retries once when the outcome is unknown.
pub(crate) async fn write(
    store: &dyn Store,
    clock: &dyn Clock,
    writes: Vec<Write>,
) -> Result<Option<WriteId>, VaultError> {
    let batch = Batch::new(new_write_id()?, writes)?;
    let outcome = match store.write(&batch, clock.unix_millis()).await {
        // That the second attempt failed says nothing about the first.
        Err(unknown @ StoreError::Unknown(_)) => store
            .write(&batch, clock.unix_millis())
            .await
            .map_err(|_| unknown),
        outcome => outcome,
    };
    Ok(match outcome? {
        WriteOutcome::Applied => Some(batch.id()),
        WriteOutcome::Conflict => None,
    })
}

fn new_write_id() -> Result<WriteId, VaultError> {
    Ok(WriteId::new(random_bytes()?))
}

/// The write that puts a row in place of the one that was read, if it is live.
pub(crate) fn put(at: RowAddress, held: Option<&StoredRow>, row: Row, now: UnixMillis) -> Write {
    match held {
        Some(held) if held.row.is_live(now) => replace(at, held.written_by, row),
        _ => insert(at, row),
    }
}

pub(crate) const fn insert(at: RowAddress, row: Row) -> Write {
    Write {
        at,
        change: Change::Insert(row),
    }
}

pub(crate) const fn replace(at: RowAddress, expected: WriteId, row: Row) -> Write {
    Write {
        at,
        change: Change::Replace { expected, row },
    }
}

pub(crate) const fn delete(at: RowAddress) -> Write {
    Write {
        at,
        change: Change::Delete,
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault")
            .field("store", &self.inner.store)
            .finish_non_exhaustive()
    }
}
