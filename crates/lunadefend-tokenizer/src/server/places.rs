//! The places for connections, and the choice of one that makes room when all are taken.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};
use tokio::sync::Notify;

/// The places for all connections at once. One task at a time takes them.
///
/// When all are taken, the connection that has idled longest is asked to leave. It checks itself whether data
/// has arrived meanwhile, since a request that has begun is never cut off. Then the next one is asked.
#[derive(Debug)]
pub(crate) struct Places {
    state: Mutex<State>,
    /// Signals a change to the task that waits for a place.
    changed: Notify,
}

#[derive(Debug)]
struct State {
    /// The number of places, and of free ones.
    count: u32,
    free: u32,
    /// A task waits for a place.
    wanted: bool,
    /// The number of times that a connection has begun to idle.
    idled: u64,
    /// The idle connections, the longest one first, with their wakers.
    idle: BTreeMap<u64, Waker>,
    /// The connection that was asked to leave.
    asked: Option<u64>,
}

/// The place of one connection, free again when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    /// Its key in [`State::idle`], while it idles.
    idle: Option<u64>,
}

impl Places {
    pub(crate) fn new(count: u32) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                count,
                free: count,
                wanted: false,
                idled: 0,
                idle: BTreeMap::new(),
                asked: None,
            }),
            changed: Notify::new(),
        })
    }

    /// Takes a place, once one is free.
    pub(super) async fn take(self: &Arc<Self>) -> Place {
        loop {
            if let Some(place) = self.try_take() {
                return place;
            }
            self.changed.notified().await;
        }
    }

    /// Returns whether a task waits, so that a connection that is done should close.
    pub(super) fn are_wanted(&self) -> bool {
        self.lock().wanted
    }

    /// Returns the number of places.
    pub(crate) fn count(&self) -> u32 {
        self.lock().count
    }

    /// Returns the number of taken places.
    pub(crate) fn taken(&self) -> u32 {
        let state = self.lock();
        state.count - state.free
    }

    fn try_take(self: &Arc<Self>) -> Option<Place> {
        let mut state = self.lock();
        state.wanted = state.free == 0;
        if state.wanted {
            if state.asked.is_none()
                && let Some((&longest, waker)) = state.idle.first_key_value()
            {
                waker.wake_by_ref();
                state.asked = Some(longest);
            }
            return None;
        }
        state.free -= 1;
        // The connection that was asked to leave may stay.
        state.asked = None;
        Some(Place {
            places: Arc::clone(self),
            idle: None,
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that is done under the lock leaves the state half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Notes that the connection is idle. Ready when it is asked to leave; otherwise its task is woken for
    /// that.
    pub(super) fn poll_idle(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.places.lock();
        let number = *self.idle.get_or_insert_with(|| {
            state.idled += 1;
            state.idled
        });
        if state.asked == Some(number) {
            return Poll::Ready(());
        }
        state.idle.insert(number, context.waker().clone());
        if state.wanted && state.asked.is_none() {
            self.places.changed.notify_one();
        }
        Poll::Pending
    }

    /// Notes that the connection is busy.
    pub(super) fn busy(&mut self) {
        if let Some(number) = self.idle.take() {
            self.places.lock().stays(number, &self.places.changed);
        }
    }
}

impl State {
    fn stays(&mut self, number: u64, changed: &Notify) {
        self.idle.remove(&number);
        if self.asked == Some(number) {
            self.asked = None;
            changed.notify_one();
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.busy();
        self.places.lock().free += 1;
        self.places.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use std::{future::poll_fn, pin::Pin};

    /// Idles until it is asked to leave.
    async fn idle(mut place: Place) {
        poll_fn(|context| place.poll_idle(context)).await;
    }

    #[tokio::test]
    async fn the_one_that_idled_longest_makes_room() {
        let places = Places::new(3);
        let mut idlers: Vec<Pin<Box<dyn Future<Output = ()>>>> = Vec::new();
        for _ in 0..3 {
            let mut idler = Box::pin(idle(places.take().await));
            assert!((&mut idler).now_or_never().is_none());
            idlers.push(idler);
        }
        for longest in 0..3 {
            assert!(!places.are_wanted());
            let mut next = Box::pin(places.take());
            assert!((&mut next).now_or_never().is_none());
            assert!(places.are_wanted());
            for (number, idler) in idlers.iter_mut().enumerate().rev() {
                if number >= longest {
                    let leaves = idler.now_or_never().is_some();
                    assert_eq!(leaves, number == longest, "{number}");
                }
            }
            // As the task does whose connection has ended.
            idlers[longest] = Box::pin(std::future::pending());
            let mut newest = Box::pin(idle(next.await));
            assert!((&mut newest).now_or_never().is_none());
            idlers.push(newest);
        }
    }

    #[tokio::test]
    async fn whoever_has_something_to_do_stays_and_the_next_one_is_asked() {
        let places = Places::new(2);
        let (mut busy, second) = (places.take().await, places.take().await);
        let mut polled = poll_fn(|context| busy.poll_idle(context)).now_or_never();
        assert!(polled.is_none());
        let mut second = Box::pin(idle(second));
        assert!((&mut second).now_or_never().is_none());
        let mut next = Box::pin(places.take());
        assert!((&mut next).now_or_never().is_none());
        // The first one was asked, and has read something before it heard of it.
        busy.busy();
        assert!((&mut next).now_or_never().is_none());
        assert!(second.now_or_never().is_some());
        assert!(next.now_or_never().is_some());
        // Idle again, it is the one of two that has idled for less time.
        polled = poll_fn(|context| busy.poll_idle(context)).now_or_never();
        assert!(polled.is_none());
    }

    #[tokio::test]
    async fn while_all_are_busy_the_first_that_is_done_makes_room() {
        let places = Places::new(1);
        let mut only = places.take().await;
        let mut next = Box::pin(places.take());
        assert!((&mut next).now_or_never().is_none());
        assert!(
            poll_fn(|context| only.poll_idle(context))
                .now_or_never()
                .is_none()
        );
        assert!((&mut next).now_or_never().is_none());
        assert!(
            poll_fn(|context| only.poll_idle(context))
                .now_or_never()
                .is_some()
        );
        drop(only);
        assert!(next.now_or_never().is_some());
    }

    #[tokio::test]
    async fn whoever_was_asked_in_vain_may_stay() {
        let places = Places::new(2);
        let (mut asked, other) = (places.take().await, places.take().await);
        assert!(
            poll_fn(|context| asked.poll_idle(context))
                .now_or_never()
                .is_none()
        );
        let mut next = Box::pin(places.take());
        assert!((&mut next).now_or_never().is_none());
        drop(other);
        assert!(next.now_or_never().is_some());
        assert!(
            poll_fn(|context| asked.poll_idle(context))
                .now_or_never()
                .is_none()
        );
    }
}
