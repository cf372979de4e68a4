//! The time that a client has to take what it is sent.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::{Instant, Sleep, sleep};

/// The bytes that a client must take within twice `write_stall`: about 1 KiB a second. What it took fast before is
/// no credit.
pub(super) const WRITE_STEP: usize = 64 * 1024;

/// How long to wait yet for a client that takes nothing, or little.
///
/// It has `write_stall` for the next byte, and twice this time for each [`WRITE_STEP`]. Only waiting counts.
#[derive(Debug)]
pub(super) struct Patience {
    write_stall: Duration,
    stalled: Option<Stalled>,
    /// The bytes of a step that the client has taken, and the time left for the rest.
    taken: usize,
    left: Duration,
}

/// The client takes nothing.
#[derive(Debug)]
struct Stalled {
    since: Instant,
    limit: Pin<Box<Sleep>>,
}

impl Patience {
    pub(super) const fn new(write_stall: Duration) -> Self {
        Self {
            write_stall,
            stalled: None,
            taken: 0,
            left: write_stall.saturating_mul(2),
        }
    }

    /// Begins a step anew.
    pub(super) const fn renew(&mut self) {
        self.taken = 0;
        self.left = self.write_stall.saturating_mul(2);
    }

    /// Returns whether the client is waited for.
    pub(super) const fn is_tried(&self) -> bool {
        self.stalled.is_some()
    }

    /// Notes that the client takes nothing now. Ready when it has done so for too long.
    pub(super) fn poll_over(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let limit = self.write_stall.min(self.left);
        let stalled = self.stalled.get_or_insert_with(|| Stalled {
            since: Instant::now(),
            limit: Box::pin(sleep(limit)),
        });
        stalled.limit.as_mut().poll(context)
    }

    /// Notes that the client has taken so many bytes, or that there is nothing to take.
    pub(super) fn took(&mut self, bytes: usize) {
        if let Some(stalled) = self.stalled.take() {
            self.left = self.left.saturating_sub(stalled.since.elapsed());
        }
        self.taken += bytes;
        if self.taken >= WRITE_STEP {
            self.taken %= WRITE_STEP;
            self.left = self.write_stall.saturating_mul(2);
        }
    }
}
