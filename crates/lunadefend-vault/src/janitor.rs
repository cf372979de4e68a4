//! Deleting what has expired, by a clock that can be believed.

use crate::{Timer, Vault, VaultError, store::BlobId};
use lunadefend_core::provider::UnixMillis;
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// By how much the two clocks may differ between two rounds: half of what a use is remembered beyond
/// its expiry, so that corrections of the clock do no harm.
const TOLERANCE: Duration = Duration::from_secs(30);

/// For how long nothing is deleted after the clock was set. Whatever was used before that is not good
/// for longer.
const PAUSE: Duration = Duration::from_secs(60 * 60);

/// How many steps of a sweep a round makes at most: it looks at 5,000 blobs.
const STEPS: usize = 50;

/// Deletes expired rows, and blobs that belong to nothing, round by round.
///
/// # Security
/// The rows that say that a state, a JWT or a session has been used up are good for nothing but to be
/// there. A clock that is set forth makes them expire, and what they stand for is good again once it is
/// set back. So each round compares the clock with one that only goes forward. When they disagree, nothing
/// is deleted for an hour. Nor is anything in the first round, which has nothing to compare with.
#[derive(Debug)]
pub struct Janitor {
    vault: Vault,
    timer: Arc<dyn Timer>,
    seen: Mutex<Seen>,
    /// Where the sweep goes on.
    sweep_after: Mutex<Option<BlobId>>,
}

/// What a round deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cleaned {
    /// Expired rows.
    pub rows: usize,
    /// Values that were never finished, and what else breaking off left behind.
    pub blobs: usize,
}

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    /// What both clocks said in the last round: the clock and monotonic time.
    last: Option<(UnixMillis, Duration)>,
    /// Until when, in monotonic time, nothing is deleted.
    paused_until: Duration,
}

impl Janitor {
    /// Looks after a vault; the clock is the vault's.
    #[must_use]
    pub fn new(vault: Vault, timer: Arc<dyn Timer>) -> Self {
        Self {
            vault,
            timer,
            seen: Mutex::default(),
            sweep_after: Mutex::default(),
        }
    }

    /// Deletes what has expired, none while the clock is in doubt, and blobs without a row, about which
    /// no clock decides. Call it every minute or so.
    ///
    /// A round looks at 5,000 blobs, the next one at those that follow.
    ///
    /// # Errors
    /// [`VaultError::Store`]; calling again goes on.
    pub async fn round(&self) -> Result<Cleaned, VaultError> {
        let mut cleaned = Cleaned::default();
        let now = self.vault.now();
        if self.may_delete(now) {
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

    fn sweep_after(&self) -> MutexGuard<'_, Option<BlobId>> {
        self.sweep_after
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
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
        if by_clock.abs_diff(elapsed) > TOLERANCE.as_millis() {
            seen.paused_until = monotonic.saturating_add(PAUSE);
            tracing::warn!(
                "the clock was set: for an hour no expired row is deleted, since it may be set back"
            );
        }
        monotonic >= seen.paused_until
    }
}
