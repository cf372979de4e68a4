//! Time that a test owns.

use lunadefend_core::Clock;
use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime},
};

/// Stands still until it is moved. Application and tokenizer share it.
#[derive(Debug)]
pub struct TestClock(AtomicI64);

impl TestClock {
    /// Where it starts, in seconds since the Unix epoch: the time of the recordings.
    pub const START: u64 = 1_700_000_000;

    /// A clock at [`TestClock::START`].
    #[must_use]
    pub fn new() -> Arc<Self> {
        let clock = Self(AtomicI64::new(0));
        clock.set(Self::START * 1000);
        Arc::new(clock)
    }

    /// Moves it forward.
    pub fn advance(&self, by: Duration) {
        let millis = i64::try_from(by.as_millis()).unwrap();
        self.0.fetch_add(millis, Ordering::SeqCst);
    }

    /// Sets it to a time in milliseconds since the Unix epoch.
    pub fn set(&self, unix_millis: u64) {
        let millis = i64::try_from(unix_millis).unwrap();
        self.0.store(millis, Ordering::SeqCst);
    }

    /// Sets it to a time that no JWT can name.
    pub fn set_before_1970(&self) {
        self.0.store(-1, Ordering::SeqCst);
    }

    /// The time in whole seconds since the Unix epoch.
    #[must_use]
    pub fn unix_seconds(&self) -> u64 {
        self.unix_millis() / 1000
    }
}

impl Clock for TestClock {
    fn now(&self) -> SystemTime {
        let millis = self.0.load(Ordering::SeqCst);
        let distance = Duration::from_millis(millis.unsigned_abs());
        if millis < 0 {
            SystemTime::UNIX_EPOCH - distance
        } else {
            SystemTime::UNIX_EPOCH + distance
        }
    }
}
