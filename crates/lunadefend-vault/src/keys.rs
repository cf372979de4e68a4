//! The keys of a store while it is in use: their changes, and how each process hears of them.

use crate::{
    MasterKey, MasterKeys, Vault, VaultError,
    ring::Ring,
    store::{Row, StoredRow, WriteId},
    vault::{replace, stored_ring, write},
};
use lunadefend_core::provider::UnixMillis;
use std::{sync::Arc, time::Duration};

/// How long a new wrapping key seals nothing. Each process reads the keys once a minute, so by then all have it.
const SEEN_BY_ALL: Duration = Duration::from_secs(3 * 60);
/// How old the keys may be that a row was sealed with. They are read again before it is written when they are older.
const OLDEST: Duration = Duration::from_secs(10 * 60);
/// How long after its successor began to seal rows a wrapping key can be retired: longer than [`OLDEST`], and the longest
/// request.
const RETIRABLE_AFTER: Duration = Duration::from_secs(20 * 60);

/// What may be told of a version of the wrapping key, under which rows are sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WrappingKeyVersion {
    /// Counts from 1.
    pub version: u32,
    /// When it was made; unknown of keys that an earlier version of this program made.
    pub added_at: Option<UnixMillis>,
    /// Since when it seals rows; unknown for those, too.
    pub active_since: Option<UnixMillis>,
    /// Whether it seals new rows.
    pub is_current: bool,
}

/// Why the keys of a store were not changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeysError {
    /// The key that was added last seals no rows yet.
    #[error(
        "version {0} of the wrapping key was added a moment ago and seals no rows yet: wait three minutes"
    )]
    Pending(u32),
    /// No such version.
    #[error("there is no version {0} of the wrapping key")]
    Unknown(u32),
    /// It is the newest, or seals new rows.
    #[error("version {0} of the wrapping key is in use: add another one first")]
    Current(u32),
    /// Another process may not know yet that it is not in use any more.
    #[error(
        "version {0} of the wrapping key was in use until a moment ago: wait twenty minutes after its successor began"
    )]
    TooSoon(u32),
    /// Rows are still sealed under it.
    #[error(
        "{rows} rows still need version {version} of the wrapping key: rewrap the store, and wait an hour for rows that have expired"
    )]
    InUse {
        /// The version.
        version: u32,
        /// The number of rows.
        rows: u64,
    },
    /// No next master key was given.
    #[error("no next master key was given to this process")]
    NoNextMaster,
    /// The vault failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// The keys, and the row that they were read from: a change replaces only that row.
#[derive(Clone)]
pub(crate) struct OpenRing {
    pub(crate) keys: Arc<Ring>,
    written_by: WriteId,
    /// The one of the master keys that opened it.
    master: MasterKey,
    /// When they were last found to be the present ones.
    read_at: UnixMillis,
}

impl OpenRing {
    /// Opens the row that was read at `read_at` or later.
    pub(crate) fn read(
        held: &StoredRow,
        masters: &MasterKeys,
        read_at: UnixMillis,
    ) -> Result<Self, VaultError> {
        let mut opened = Err(VaultError::WrongMasterKey);
        for master in masters.each() {
            opened = Ring::open(&held.row.value, master).map(|keys| Self {
                keys: Arc::new(keys),
                written_by: held.written_by,
                master: master.clone(),
                read_at,
            });
            if !matches!(opened, Err(VaultError::WrongMasterKey)) {
                break;
            }
        }
        opened
    }
}

impl OpenRing {
    /// Returns the master key that opened it.
    pub(crate) const fn master(&self) -> &MasterKey {
        &self.master
    }
}

impl Vault {
    /// Returns the versions of the wrapping key, the oldest first.
    #[must_use]
    pub fn wrapping_keys(&self) -> Vec<WrappingKeyVersion> {
        self.ring().wrapping_keys()
    }

    /// Reads the keys of the store again. [`Janitor::round`](crate::Janitor::round) does so, and every process of a store
    /// must at least once a minute: another one may have changed them.
    ///
    /// # Errors
    /// [`VaultError::WrongMasterKey`] when the master key was changed to one that this vault was not given. It goes on with
    /// the keys that it has, and after ten minutes writes no more.
    pub async fn refresh_keys(&self) -> Result<(), VaultError> {
        let now = self.now();
        let known = self.known_ring();
        let held = stored_ring(self.store()).await?;
        let held = held.ok_or(VaultError::Corrupt)?;
        let read = if held.written_by == known.written_by {
            OpenRing {
                read_at: now,
                ..known.clone()
            }
        } else {
            OpenRing::read(&held, self.masters(), now)?
        };
        let mut ring = self.ring_mut();
        // What changed meanwhile is newer.
        if ring.written_by == known.written_by {
            *ring = read;
        }
        Ok(())
    }

    /// Reads the keys again, and lets a wrapping key seal rows that was added long enough ago.
    pub(crate) async fn tend_keys(&self) -> Result<(), VaultError> {
        self.refresh_keys().await?;
        let now = self.now();
        let known = self.known_ring();
        let Some(keys) = known
            .keys
            .with_newest_active(now.saturating_sub(SEEN_BY_ALL), now)
        else {
            return Ok(());
        };
        match self.replace_ring(&known, keys.into(), &known.master).await {
            // Another process did it.
            Err(VaultError::Conflict) => Ok(()),
            outcome => outcome,
        }
    }

    /// Adds a wrapping key and returns its version. After three minutes, at the next round of a janitor, every process of
    /// the store seals new rows under it. Rows of earlier versions are read as before.
    ///
    /// # Errors
    /// [`KeysError::Pending`] when the last one seals no rows yet.
    pub async fn add_wrapping_key(&self) -> Result<u32, KeysError> {
        self.refresh_keys().await?;
        let known = self.known_ring();
        let newest = known.keys.wrapping_keys().pop();
        if let Some(newest) = newest.filter(|newest| !newest.is_current) {
            return Err(KeysError::Pending(newest.version));
        }
        let (keys, version) = known.keys.with_wrapping_key(self.now())?;
        self.replace_ring(&known, keys.into(), &known.master)
            .await?;
        Ok(version)
    }

    /// Deletes a version of the wrapping key for good, once it seals no row. It reads every row.
    ///
    /// # Errors
    /// [`KeysError::InUse`] and other reasons why it must stay.
    ///
    /// # Security
    /// Copies of the store from before need the key, and cannot be read by a ring without it. They have their own
    /// ring, under the master key of their time.
    pub async fn retire_wrapping_key(&self, version: u32) -> Result<(), KeysError> {
        self.refresh_keys().await?;
        let known = self.known_ring();
        let keys = known.keys.wrapping_keys();
        let Some(key) = keys.iter().find(|key| key.version == version) else {
            return Err(KeysError::Unknown(version));
        };
        let successor = keys.iter().find(|key| key.version > version);
        let Some(successor) = successor else {
            return Err(KeysError::Current(version));
        };
        if key.is_current {
            return Err(KeysError::Pending(successor.version));
        }
        // The times of earlier versions of this program are unknown, and long past.
        let since = successor.active_since.unwrap_or(UnixMillis::new(0));
        if self.now() < since + RETIRABLE_AFTER {
            return Err(KeysError::TooSoon(version));
        }
        let rows = self.count_sealed_under(version).await?;
        if rows > 0 {
            return Err(KeysError::InUse { version, rows });
        }
        let keys = known.keys.without_wrapping_key(version);
        Ok(self
            .replace_ring(&known, keys.into(), &known.master)
            .await?)
    }

    /// Seals the keys with the next master key that [`open`](Vault::open) was given. From then on only that one opens the
    /// store. Nothing else is written, and every process that was given both goes on.
    ///
    /// # Errors
    /// [`KeysError::NoNextMaster`]. It is no error when it was done before.
    pub async fn rotate_master(&self) -> Result<(), KeysError> {
        self.refresh_keys().await?;
        let next = self.masters().next().ok_or(KeysError::NoNextMaster)?;
        let known = self.known_ring();
        if known.master.is(next) {
            return Ok(());
        }
        let same = Arc::clone(&known.keys);
        Ok(self.replace_ring(&known, same, next).await?)
    }

    /// Fails when the keys are old, and others by now: what was sealed with them must not be written.
    pub(crate) async fn require_present_keys(&self) -> Result<(), VaultError> {
        // Every write comes by here.
        let (read_at, written_by) = self.read_ring(|ring| (ring.read_at, ring.written_by));
        let age = self.now().get().abs_diff(read_at.get());
        if u128::from(age) <= OLDEST.as_millis() {
            return Ok(());
        }
        self.refresh_keys().await?;
        match self.read_ring(|ring| ring.written_by == written_by) {
            true => Ok(()),
            false => Err(VaultError::Conflict),
        }
    }

    async fn replace_ring(
        &self,
        known: &OpenRing,
        keys: Arc<Ring>,
        master: &MasterKey,
    ) -> Result<(), VaultError> {
        let row = Row::lasting(keys.seal(master)?);
        let change = replace(Ring::own_address(), known.written_by, row);
        let read_at = self.now();
        let written_by = write(self.store(), self.clock(), vec![change]).await?;
        let written = OpenRing {
            keys,
            written_by: written_by.ok_or(VaultError::Conflict)?,
            master: master.clone(),
            read_at,
        };
        *self.ring_mut() = written;
        Ok(())
    }

    fn known_ring(&self) -> OpenRing {
        self.read_ring(OpenRing::clone)
    }
}
