#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

use std::{fmt, future::Future};
use tokio::sync::watch;

/// A running or ended fetch. Clones wait for the same fetch.
#[derive(Clone)]
pub struct Flight<R>(watch::Receiver<Option<R>>);

impl<R: Clone> Flight<R> {
    /// Waits for the end of the fetch. Returns the result of `land`, or `None` if `land` was not called.
    pub async fn landed(&self) -> Option<R> {
        let mut receiver = self.0.clone();
        // An error means that the sender is gone, and with it the fetch.
        let landed = receiver.wait_for(Option::is_some).await;
        landed.ok().and_then(|landed| landed.clone())
    }
}

impl<R> Flight<R> {
    /// Returns whether the fetch is still running.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.0.has_changed().is_ok() && self.0.borrow().is_none()
    }
}

impl<R> fmt::Debug for Flight<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flight").finish_non_exhaustive()
    }
}

/// Starts a fetch in its own task. Calls `land` once when the fetch has ended, before any waiting caller
/// resumes.
///
/// `land` receives the fetched value, or `None` when `fetch` panicked or the runtime cancelled it. It must be
/// short and must not panic.
///
/// A cache may hold its lock while it calls this, and take the same lock in `land`. Therefore `land` is not
/// called for a task that never began, as in a runtime that shuts down. The flight is then not
/// [running](Flight::is_running). A cache must check that before it waits for a flight in its state.
///
/// # Panics
/// Outside of a tokio runtime.
pub fn launch<T, R>(
    fetch: impl Future<Output = T> + Send + 'static,
    land: impl FnOnce(Option<T>) -> R + Send + 'static,
) -> Flight<R>
where
    T: Send + 'static,
    R: Send + Sync + 'static,
{
    let (landed, receiver) = watch::channel(None);
    let mut landing = Landing {
        has_begun: false,
        fetched: None,
        land: Some(land),
        landed,
    };
    tokio::spawn(async move {
        landing.begin();
        landing.keep(fetch.await);
    });
    Flight(receiver)
}

/// Ends a flight at every end of its task.
struct Landing<T, R, L: FnOnce(Option<T>) -> R> {
    has_begun: bool,
    fetched: Option<T>,
    land: Option<L>,
    landed: watch::Sender<Option<R>>,
}

impl<T, R, L: FnOnce(Option<T>) -> R> Landing<T, R, L> {
    fn begin(&mut self) {
        self.has_begun = true;
    }

    fn keep(&mut self, fetched: T) {
        self.fetched = Some(fetched);
    }
}

impl<T, R, L: FnOnce(Option<T>) -> R> Drop for Landing<T, R, L> {
    fn drop(&mut self) {
        // A task that never began may be dropped within `launch`, whose caller may hold a lock.
        if let Some(land) = self.land.take().filter(|_| self.has_begun) {
            self.landed.send_replace(Some(land(self.fetched.take())));
        }
    }
}

#[cfg(test)]
mod tests;
