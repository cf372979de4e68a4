//! Deletes expired rows, by a clock that has not jumped.

use crate::{Timer, Vault, VaultError, rows::upkeep, store::BlobId, vault::MAX_APART};
use lunadefend_core::provider::UnixMillis;
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// How long nothing is deleted after a jump of the clock. Nothing that was used before is valid for longer.
const PAUSE: Duration = Duration::from_secs(60 * 60);

/// How long one of the processes of a store deletes for all. It takes the lease again when half of it is over.
const LEASE: Duration = Duration::from_secs(10 * 60);

/// The maximum of sweep steps in a round: it checks 5,000 blobs.
const STEPS: usize = 50;

/// Deletes expired rows, and blobs that belong to nothing, round by round, and keeps the keys of its vault fresh.
///
/// Of the processes of one store one deletes for all: it has a lease, in a row of the store. Two that delete at once do no
/// harm; the lease only saves them the work.
///
/// # Security
/// A row that marks a state, a JWT or a session as used up counts by its presence. If a clock that is set
/// forward made it expire, its state or JWT would be valid again once the clock is set back. So each round
/// compares the clock with one that only goes forward. When they disagree, the janitor deletes no row for an
/// hour; nor does it in the first round, which has nothing to compare. Where the store has a clock of its own, a
/// process whose clock is another one deletes nothing.
#[derive(Debug)]
pub struct Janitor {
    vault: Vault,
    timer: Arc<dyn Timer>,
    seen: Mutex<Seen>,
    /// Where the sweep continues.
    sweep_after: Mutex<Option<BlobId>>,
}

/// What a round deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cleaned {
    /// Expired rows.
    pub rows: usize,
    /// Unfinished values, and other remains of interrupted uploads.
    pub blobs: usize,
}

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    /// The readings of both clocks in the last round: the clock and monotonic time.
    last: Option<(UnixMillis, Duration)>,
    /// The monotonic time until which nothing is deleted.
    paused_until: Duration,
    /// Whether the store's clock differed.
    differs: bool,
}

impl Janitor {
    /// Makes the janitor of a vault; the clock is the vault's.
    #[must_use]
    pub fn new(vault: Vault, timer: Arc<dyn Timer>) -> Self {
        Self {
            vault,
            timer,
            seen: Mutex::default(),
            sweep_after: Mutex::default(),
        }
    }

    /// Reads the keys again. Deletes expired rows, unless the clock is in doubt, and blobs without a row, whatever the
    /// clock says; nothing while another process has the lease. Call it about every minute.
    ///
    /// A round checks 5,000 blobs, the next round those that follow.
    ///
    /// # Errors
    /// [`VaultError::Store`]; the next call continues.
    pub async fn round(&self) -> Result<Cleaned, VaultError> {
        self.tend_keys().await?;
        let mut cleaned = Cleaned::default();
        let differs = self.vault.apart().await? > MAX_APART;
        let now = self.vault.now();
        // Both look at each round.
        if self.may_delete(now) & self.agrees(differs) {
            if !self.has_lease(now).await? {
                return Ok(cleaned);
            }
            cleaned.rows = self.vault.purge(now).await?;
        }
        for _ in 0..STEPS {
            let after = *self.sweep_after();
            let swept = self.vault.sweep(after).await?;
            *self.sweep_after() = swept.next;
            cleaned.blobs += swept.blobs;
            if swept.next.is_none() {
                break;
            }
        }
        Ok(cleaned)
    }

    /// Reads the keys again. That another process changed the master key is said, and does not keep this one from
    /// deleting.
    async fn tend_keys(&self) -> Result<(), VaultError> {
        match self.vault.tend_keys().await {
            Err(VaultError::WrongMasterKey) => {
                tracing::error!(
                    "the master key was changed: restart this process with the new one, as it stops writing in ten minutes"
                );
                Ok(())
            }
            outcome => outcome,
        }
    }

    /// Returns whether this process deletes for all. It takes a lease that is over, or that no right clock can have
    /// written.
    async fn has_lease(&self, now: UnixMillis) -> Result<bool, VaultError> {
        let at = upkeep::lease(&self.vault.ring());
        let [held] = self.vault.live([at]).await?;
        let mine = *self.vault.lease();
        if let Some(held) = &held {
            let is_mine = mine == Some(held.written_by);
            let left = held
                .row
                .expires_at
                .map_or(Duration::MAX, |at| at.since(now));
            if is_mine && left > LEASE / 2 {
                return Ok(true);
            }
            if !is_mine && left <= LEASE + 2 * MAX_APART {
                return Ok(false);
            }
        }
        let row = upkeep::leased(now + LEASE);
        let put = self.vault.put(at, held.as_ref(), row);
        let taken = self.vault.write(vec![put]).await?;
        *self.vault.lease() = taken;
        Ok(taken.is_some())
    }

    fn sweep_after(&self) -> MutexGuard<'_, Option<BlobId>> {
        self.sweep_after
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns whether the store has the same time, or none. The log says once that it has another.
    fn agrees(&self, differs: bool) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if differs && !seen.differs {
            tracing::error!(
                "the clock of this machine and that of the store differ by more than 30 s: no expired row is deleted until they agree"
            );
        }
        seen.differs = differs;
        !differs
    }

    fn may_delete(&self, now: UnixMillis) -> bool {
        let monotonic = self.timer.monotonic();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((then, before)) = seen.last.replace((now, monotonic)) else {
            return false;
        };
        let elapsed = monotonic.saturating_sub(before);
        let by_clock = i128::from(now.get()) - i128::from(then.get());
        let elapsed = i128::try_from(elapsed.as_millis()).unwrap_or(i128::MAX);
        if by_clock.abs_diff(elapsed) > MAX_APART.as_millis() {
            seen.paused_until = monotonic.saturating_add(PAUSE);
            tracing::warn!(
                "the clock was set: for an hour no expired row is deleted, since it may be set back"
            );
        }
        monotonic >= seen.paused_until
    }
}
