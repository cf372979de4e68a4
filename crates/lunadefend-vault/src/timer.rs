//! Waiting, and time that only goes forward.

use lunadefend_core::provider::BoxFuture;
use std::{fmt, time::Duration};
use tokio::time::{Instant, sleep};

/// Waits and measures durations. A [`Clock`](lunadefend_core::provider::Clock) gives times of day, and an
/// operator may set it forward and back.
pub trait Timer: fmt::Debug + Send + Sync + 'static {
    /// Returns the time since a moment that stays fixed while the process lives. It never goes back.
    fn monotonic(&self) -> Duration;

    /// Completes after that time.
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()>;
}

/// The timer of the operating system, through tokio.
#[derive(Clone, Copy, Debug)]
pub struct SystemTimer {
    start: Instant,
}

impl Default for SystemTimer {
    fn default() -> Self {
        Self {
            start: Instant::now(),
        }
    }
}

impl Timer for SystemTimer {
    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(sleep(duration))
    }
}
