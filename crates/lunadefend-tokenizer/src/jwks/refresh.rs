//! A key set that is fetched, kept and refreshed, one request at a time.

use super::{
    JwksSource,
    fetch::{FetchError, Fetched, HOUR, MINUTE, SECOND},
};
use lunadefend_core::Clock;
use lunadefend_jwt::KeySet;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::watch;

/// How long the last good set is used when no newer one can be had.
const MAX_AGE: u64 = 24 * HOUR;
/// How long after the last attempt somebody may try again, by what there is without it.
const RETRY_WITHOUT_KEYS: u64 = SECOND;
const RETRY_STALE: u64 = 30 * SECOND;
const RETRY_UNKNOWN_KEY: u64 = SECOND;
/// How long after a fetch for an unknown key nobody fetches for the same one again.
const PAUSE_OF_A_KEY: u64 = MINUTE;
/// How many unknown keys are remembered for that.
const MAX_UNKNOWN_KEYS: usize = 1024;

/// The fetched key set. Times are milliseconds of the clock since the Unix epoch.
#[derive(Debug)]
pub(crate) struct Cache {
    source: JwksSource,
    allow_demo_key: bool,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    set: Option<Arc<FetchedSet>>,
    last_attempt: Option<Attempt>,
    /// Keys that were fetched for in vain, and when.
    unknown: HashMap<String, u64>,
    /// There while a fetch runs; it ends when the sender is dropped.
    flight: Option<watch::Receiver<()>>,
}

#[derive(Clone, Copy, Debug)]
struct Attempt {
    at: u64,
    failed: bool,
}

#[derive(Debug)]
pub(crate) struct FetchedSet {
    pub(super) keys: KeySet,
    at: u64,
    fresh_until: u64,
}

/// Newer keys were looked for and cannot be had.
#[derive(Debug)]
pub(crate) struct Failed;

impl Cache {
    pub(super) fn new(source: JwksSource, allow_demo_key: bool, clock: Arc<dyn Clock>) -> Self {
        Self {
            source,
            allow_demo_key,
            clock,
            state: Mutex::default(),
        }
    }

    /// The set to use now. Fetches it when there is none; a stale one is used while a task fetches
    /// the next. `None`: there is none, or the last one is too old.
    pub(super) async fn current(self: &Arc<Self>) -> Option<Arc<FetchedSet>> {
        let flight = {
            let now = self.clock.unix_millis();
            let mut state = self.lock();
            match state.usable(now) {
                Some(set) => {
                    if now >= set.fresh_until || now < set.at {
                        // Nobody waits for it.
                        let _ = self.start(&mut state, now, RETRY_STALE);
                    }
                    return Some(set);
                }
                None => self.start(&mut state, now, RETRY_WITHOUT_KEYS)?,
            }
        };
        landed(flight).await;
        let now = self.clock.unix_millis();
        self.lock().usable(now)
    }

    /// A set that was fetched after `seen`, for a JWT that names the unknown key `kid`; waits for a
    /// running fetch, or starts one. `Ok(None)`: there is no newer set.
    ///
    /// The same key is fetched for once a minute. Another one has its turn after a second: whoever
    /// floods us with invented keys causes one request a second to the application, and does not keep
    /// a new key out.
    pub(super) async fn newer_than(
        self: &Arc<Self>,
        seen: &Arc<FetchedSet>,
        kid: &str,
    ) -> Result<Option<Arc<FetchedSet>>, Failed> {
        let (now, flight) = {
            let now = self.clock.unix_millis();
            let mut state = self.lock();
            if let Some(newer) = state.other_than(seen) {
                return Ok(Some(newer));
            }
            let paused = state.flight.is_none() && state.is_paused(kid, now);
            let flight = if paused {
                None
            } else {
                self.start(&mut state, now, RETRY_UNKNOWN_KEY)
            };
            (now, flight)
        };
        let asked = flight.is_some();
        if let Some(flight) = flight {
            landed(flight).await;
        }
        let mut state = self.lock();
        // The key may be in the set that could not be fetched.
        if state.last_attempt.is_some_and(|attempt| attempt.failed) {
            return state.other_than(seen).map(Some).ok_or(Failed);
        }
        let newer = state.other_than(seen);
        if asked
            && newer
                .as_ref()
                .is_none_or(|set| set.keys.candidates(Some(kid)).is_none())
        {
            state.pause(kid, now);
        }
        Ok(newer)
    }

    /// Joins the running fetch or starts one; `None` when it is too early for another.
    ///
    /// The fetch is a task of its own: a client that goes away does not end it, or whoever invents
    /// keys and hangs up could keep everybody else from the new ones.
    fn start(
        self: &Arc<Self>,
        state: &mut State,
        now: u64,
        retry_after: u64,
    ) -> Option<watch::Receiver<()>> {
        if let Some(flight) = &state.flight {
            return Some(flight.clone());
        }
        if state
            .last_attempt
            .is_some_and(|attempt| too_early(attempt.at, now, retry_after))
        {
            return None;
        }
        let (done, flight) = watch::channel(());
        state.flight = Some(flight.clone());
        // Until it is known better: if the task dies, the attempt has failed.
        state.last_attempt = Some(Attempt {
            at: now,
            failed: true,
        });
        let landing = Landing {
            cache: Arc::clone(self),
            _done: done,
        };
        tokio::spawn(async move {
            let cache = &landing.cache;
            cache.store(cache.source.fetch(cache.allow_demo_key).await);
        });
        Some(flight)
    }

    fn store(&self, fetched: Result<Fetched, FetchError>) {
        let now = self.clock.unix_millis();
        match fetched {
            Ok(Fetched { keys, fresh }) => {
                tracing::debug!(fresh_ms = fresh, "fetched the key set");
                let mut state = self.lock();
                state.set = Some(Arc::new(FetchedSet {
                    keys,
                    at: now,
                    fresh_until: now.saturating_add(fresh),
                }));
                if let Some(attempt) = &mut state.last_attempt {
                    attempt.failed = false;
                }
            }
            Err(error) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the key set of the application cannot be fetched: check SESSION_JWKS_URL"
            ),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that is done under the lock leaves the state half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn usable(&self, now: u64) -> Option<Arc<FetchedSet>> {
        self.set
            .as_ref()
            .filter(|set| now.saturating_sub(set.at) < MAX_AGE)
            .cloned()
    }

    fn is_paused(&self, kid: &str, now: u64) -> bool {
        self.unknown
            .get(kid)
            .is_some_and(|at| too_early(*at, now, PAUSE_OF_A_KEY))
    }

    fn pause(&mut self, kid: &str, now: u64) {
        if self.unknown.len() >= MAX_UNKNOWN_KEYS {
            self.unknown
                .retain(|_, at| too_early(*at, now, PAUSE_OF_A_KEY));
        }
        // Only invented keys are so many. To forget them costs a request a second at worst.
        if self.unknown.len() >= MAX_UNKNOWN_KEYS {
            self.unknown.clear();
        }
        self.unknown.insert(kid.to_owned(), now);
    }

    fn other_than(&self, seen: &Arc<FetchedSet>) -> Option<Arc<FetchedSet>> {
        self.set
            .as_ref()
            .filter(|set| !Arc::ptr_eq(set, seen))
            .cloned()
    }
}

/// Whether what was done at a time must not be done again yet. A clock that was set back must not stop
/// the refreshing.
fn too_early(at: u64, now: u64, pause: u64) -> bool {
    now.checked_sub(at).is_some_and(|age| age < pause)
}

/// Ends the flight however its task ends; then the sender is dropped, which wakes who waits.
struct Landing {
    cache: Arc<Cache>,
    _done: watch::Sender<()>,
}

impl Drop for Landing {
    fn drop(&mut self) {
        self.cache.lock().flight = None;
    }
}

async fn landed(mut flight: watch::Receiver<()>) {
    // Nothing is ever sent: this returns when the sender is gone.
    let _ = flight.changed().await;
}
