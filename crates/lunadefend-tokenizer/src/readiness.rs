//! Whether a balancer should send requests here.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};
use tokio::sync::Mutex;

/// How long the outcome of a check counts. A check writes to the embedded store, and anybody may probe.
const REMEMBERED: Duration = Duration::from_secs(1);

/// The readiness of one tokenizer.
#[derive(Debug, Default)]
pub(crate) struct Readiness {
    draining: AtomicBool,
    /// The last check of the store. Its lock is held during a check, so that probes at once share one.
    checked: Mutex<Option<Checked>>,
}

#[derive(Clone, Copy, Debug)]
struct Checked {
    /// When it began, by the timer.
    at: Duration,
    works: bool,
}

impl Readiness {
    /// Makes it not ready for good.
    pub(crate) fn begin_drain(&self) {
        self.draining.store(true, Ordering::Release);
    }

    /// Returns whether requests are welcome. It checks the store unless the last check is younger than a second.
    pub(crate) async fn is_ready(
        &self,
        now: impl Fn() -> Duration,
        check: impl Future<Output = bool>,
    ) -> bool {
        // A drain is told at once, also while the store hangs.
        !self.is_draining() && self.store_works(now, check).await
    }

    /// Returns whether a drain has begun.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    async fn store_works(
        &self,
        now: impl Fn() -> Duration,
        check: impl Future<Output = bool>,
    ) -> bool {
        let mut checked = self.checked.lock().await;
        let at = now();
        if let Some(last) = *checked
            && at.saturating_sub(last.at) < REMEMBERED
        {
            return last.works;
        }
        let works = check.await;
        *checked = Some(Checked { at, works });
        works
    }
}
