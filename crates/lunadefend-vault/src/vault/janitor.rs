//! Deleting what has expired, by a clock that can be believed.

use super::{Vault, VaultError};
use crate::timer::Timer;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// By how much the two clocks may differ between two rounds: half of what a use is remembered beyond
/// its expiry, so that corrections of the clock do no harm.
const TOLERANCE: Duration = Duration::from_secs(30);

/// For how long nothing is deleted after the clock was set. Whatever was used before that is not good
/// for longer.
const PAUSE: Duration = Duration::from_secs(60 * 60);

/// Deletes expired rows, round by round.
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
}

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    /// What both clocks said in the last round: milliseconds since the Unix epoch, and monotonic time.
    last: Option<(u64, Duration)>,
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
        }
    }

    /// Deletes what has expired, with the chunks of uploads that were never finished, and says how
    /// many rows that were: none while the clock is in doubt. Call it every minute or so.
    ///
    /// # Errors
    /// [`VaultError::Store`]; calling again goes on.
    pub async fn round(&self) -> Result<usize, VaultError> {
        let now = self.vault.now();
        if self.may_delete(now) {
            self.vault.purge_expired_at(now).await
        } else {
            Ok(0)
        }
    }

    fn may_delete(&self, now: u64) -> bool {
        let monotonic = self.timer.monotonic();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((then, before)) = seen.last.replace((now, monotonic)) else {
            return false;
        };
        let elapsed = monotonic.saturating_sub(before);
        let by_clock = i128::from(now) - i128::from(then);
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
