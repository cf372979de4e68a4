//! The progress of a request whose body is a stream.

use crate::{HttpError, client::pieces::PIECE, error::BoxError};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Waker,
    time::Duration,
};
use tokio::time::{Instant, timeout_at};

/// What systems and proxies on the way may hold of a body that the client is rid of.
const HELD_ON_THE_WAY: u64 = 16 * 1024 * 1024;

/// The progress of a request, seen by its body and watched by its sender.
pub(super) struct Progress {
    stall: Duration,
    state: Mutex<State>,
}

pub(super) struct State {
    began: Instant,
    /// When the last [`PIECE`] was complete, or the body ended.
    pub(super) moved: Instant,
    /// The bytes of the next one.
    arrived: usize,
    sent: u64,
    has_ended: bool,
    failure: Option<BoxError>,
    /// Nobody waits for the request any more.
    pub(super) is_over: bool,
    /// Wakes the body while it waits for its stream.
    pub(super) waiting: Option<Waker>,
}

impl Progress {
    pub(super) fn new(stall: Duration) -> Self {
        let now = Instant::now();
        Self {
            stall,
            state: Mutex::new(State {
                began: now,
                moved: now,
                arrived: 0,
                sent: 0,
                has_ended: false,
                failure: None,
                is_over: false,
                waiting: None,
            }),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(&self, bytes: usize) {
        let mut state = self.state();
        state.sent += bytes as u64;
        state.arrived += bytes;
        if state.arrived >= PIECE {
            state.arrived %= PIECE;
            state.moved = Instant::now();
        }
    }

    pub(super) fn end(&self) {
        let mut state = self.state();
        state.moved = Instant::now();
        state.has_ended = true;
    }

    pub(super) fn fail(&self, cause: BoxError) {
        self.state().failure = Some(cause);
    }

    pub(super) fn failure(&self) -> Option<HttpError> {
        let source = self.state().failure.take()?;
        Some(HttpError::Body { source })
    }

    /// When the request has stalled, unless something moves before.
    fn deadline(&self) -> Instant {
        let state = self.state();
        let deadline = state.moved + self.stall;
        if !state.has_ended || state.sent == 0 {
            return deadline;
        }
        let held = state.sent.min(HELD_ON_THE_WAY) as f64 / state.sent as f64;
        deadline + state.moved.duration_since(state.began).mul_f64(held)
    }

    /// Runs a request until it has stalled.
    pub(super) async fn watch<T>(&self, request: impl Future<Output = T>) -> Result<T, HttpError> {
        let mut request = std::pin::pin!(request);
        loop {
            let deadline = self.deadline();
            if let Ok(done) = timeout_at(deadline, &mut request).await {
                return Ok(done);
            }
            if self.deadline() <= deadline {
                return Err(HttpError::Stalled { limit: self.stall });
            }
        }
    }
}

/// Ends the body of a request when its sender is done with it: after an early response, a connection would go on to
/// send a stream that nobody wants.
pub(super) struct Over(pub(super) Arc<Progress>);

impl Drop for Over {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.is_over = true;
        let waiting = state.waiting.take();
        drop(state);
        if let Some(body) = waiting {
            body.wake();
        }
    }
}
