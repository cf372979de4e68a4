//! A clock that the test moves.

use lunadefend_core::provider::Clock;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

/// A clock that stands still until the test moves it.
///
/// Clones share the time: give one to the code under test and keep another.
///
/// ```
/// use lunadefend_core::provider::Clock;
/// use lunadefend_testing::TestClock;
/// use std::time::Duration;
///
/// let clock = TestClock::new();
/// let before = clock.now();
/// clock.advance(Duration::from_secs(15 * 60));
/// assert_eq!(clock.now(), before + Duration::from_secs(15 * 60));
/// ```
#[derive(Clone, Debug)]
pub struct TestClock(Arc<Mutex<SystemTime>>);

impl TestClock {
    /// The time of a new clock, in seconds since the Unix epoch: a moment in November 2023.
    pub const START: u64 = 1_700_000_000;

    /// Makes a clock whose time is [`TestClock::START`].
    #[must_use]
    pub fn new() -> Self {
        let start = SystemTime::UNIX_EPOCH + Duration::from_secs(Self::START);
        Self(Arc::new(Mutex::new(start)))
    }

    /// Moves the clock forward.
    ///
    /// # Panics
    /// When `SystemTime` cannot hold the new time.
    pub fn advance(&self, by: Duration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }

    /// Sets the time, forward or back, also before 1970.
    pub fn set(&self, now: impl Into<SystemTime>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = now.into();
    }

    /// Sets the time to whole seconds after [`TestClock::START`], or before it when negative.
    ///
    /// # Panics
    /// When `SystemTime` cannot hold the new time.
    pub fn set_seconds(&self, after_start: i64) {
        let start = SystemTime::UNIX_EPOCH + Duration::from_secs(Self::START);
        let distance = Duration::from_secs(after_start.unsigned_abs());
        self.set(match after_start {
            0.. => start + distance,
            _ => start - distance,
        });
    }
}

impl Default for TestClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for TestClock {
    fn now(&self) -> SystemTime {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_share_the_time_and_every_time_can_be_set() {
        let clock = TestClock::new();
        let other = clock.clone();
        let start = TestClock::START * 1000;
        for (seconds, millis) in [(0, start), (60, start + 60_000), (-1, start - 1000)] {
            clock.set_seconds(seconds);
            assert_eq!(other.unix_millis().get(), millis);
        }
        let before_1970 = SystemTime::UNIX_EPOCH - Duration::from_millis(1);
        clock.set(before_1970);
        assert_eq!(other.now(), before_1970);
    }
}
