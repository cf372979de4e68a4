//! Waiting, and time that only goes forward.

use lunadefend_core::provider::BoxFuture;
use std::{fmt, time::Duration};
use tokio::time::{Instant, sleep};

/// How the tokenizer waits, and measures how long something took. Times of day are the business of a
/// [`Clock`](lunadefend_core::provider::Clock), which somebody may set forth and back.
pub trait Timer: fmt::Debug + Send + Sync + 'static {
    /// The time since some moment that stays the same while the process lives. It never goes back.
    fn monotonic(&self) -> Duration;

    /// Completes when that much time has gone by.
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()>;
}

/// The timer of the operating system, by tokio.
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
