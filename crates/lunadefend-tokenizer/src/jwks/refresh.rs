//! Fetches, keeps and refreshes a key set, one request at a time.

mod state;

use super::{
    JwksSource,
    fetch::{FetchError, Fetched},
};
use crate::status::FetchedStatus;
use lunadefend_core::provider::{Clock, UnixMillis};
use lunadefend_flight::launch;
use lunadefend_jwt::{JwtVerifier, LEGACY_KID};
use state::{Attempt, Look, RETRY_UNKNOWN_KEY, Running, State};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The fetched key set.
#[derive(Debug)]
pub(crate) struct Cache {
    source: JwksSource,
    allow_demo_key: bool,
    /// How many JWTs each set remembers to have verified.
    remembered: usize,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Debug)]
pub(crate) struct FetchedSet {
    /// Also what they have verified: it ends with the set.
    pub(super) keys: JwtVerifier,
    at: UnixMillis,
    fresh_until: UnixMillis,
}

/// The set to verify a JWT with.
pub(crate) struct Current {
    pub(super) set: Arc<FetchedSet>,
    /// The set has just arrived, and perhaps from a cache that is behind the application.
    may_be_behind: bool,
}

/// A fetch for newer keys failed.
#[derive(Debug)]
pub(crate) struct Failed;

/// Why a key set is fetched.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reason {
    /// The set is missing or not fresh.
    Age,
    /// A JWT names a key that is not in it.
    UnknownKey,
}

impl Current {
    const fn known(set: Arc<FetchedSet>) -> Self {
        Self {
            set,
            may_be_behind: false,
        }
    }
}

impl Cache {
    pub(super) fn new(
        source: JwksSource,
        allow_demo_key: bool,
        remembered: usize,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            source,
            allow_demo_key,
            remembered,
            clock,
            state: Mutex::default(),
        }
    }

    /// Returns the set if it is fresh: then nothing is to be done before it is used.
    pub(super) fn fresh(&self) -> Option<Arc<FetchedSet>> {
        let look = {
            let now = self.clock.unix_millis();
            self.lock().look(now, self.source.stale_if_error)
        };
        match look {
            Look::Fresh(set) => Some(set),
            Look::Due { .. } | Look::Overdue | Look::Failed(_) => None,
        }
    }

    /// Returns the set to use now. A set that is due is used while a task fetches the next. An overdue set is
    /// used only after the fetch that all callers wait for has failed. `None` when the set is missing or too
    /// old.
    pub(super) async fn current(self: &Arc<Self>) -> Option<Current> {
        let stale = self.source.stale_if_error;
        loop {
            let flight = {
                let now = self.clock.unix_millis();
                let mut state = self.lock();
                match state.look(now, stale) {
                    Look::Fresh(set) => return Some(Current::known(set)),
                    Look::Due { set, fetch } => {
                        if fetch {
                            // No caller waits for it.
                            let _ = self.start(&mut state, now, Reason::Age);
                        }
                        return Some(Current::known(set));
                    }
                    Look::Overdue => self.start(&mut state, now, Reason::Age),
                    Look::Failed(last) => return last.map(Current::known),
                }
            };
            let has_landed_well = flight.has_landed_well().await;
            let now = self.clock.unix_millis();
            let state = self.lock();
            // Dropped meanwhile: what that fetch brought does not count.
            if state.drops == flight.drops {
                return state.usable(now, stale).map(|set| Current {
                    set,
                    may_be_behind: has_landed_well && !flight.revalidates,
                });
            }
        }
    }

    /// Returns a set that was fetched after `seen`, for a JWT that names the unknown key `kid`. Waits for a
    /// running fetch, or starts one. `Ok(None)` when no newer set exists.
    ///
    /// One key causes at most one fetch a minute, and another key has its turn after a second. A client that
    /// floods us with invented keys causes one request a second to the application, and does not keep a new
    /// key out.
    pub(super) async fn newer_than(
        self: &Arc<Self>,
        seen: &Current,
        kid: &str,
    ) -> Result<Option<Arc<FetchedSet>>, Failed> {
        let (mut flight, mut is_own) = {
            let now = self.clock.unix_millis();
            let mut state = self.lock();
            if let Some(newer) = state.other_than(&seen.set) {
                return Ok(Some(newer));
            }
            match state.running() {
                Some(flight) => (flight.clone(), false),
                None if state.is_paused(kid, now)
                    || (state.was_tried(now, RETRY_UNKNOWN_KEY) && !seen.may_be_behind) =>
                {
                    return state.without_asking();
                }
                None => (self.start(&mut state, now, Reason::UnknownKey), true),
            }
        };
        loop {
            let has_landed_well = flight.has_landed_well().await;
            let now = self.clock.unix_millis();
            let mut state = self.lock();
            let newer = state.other_than(&seen.set);
            if !has_landed_well {
                return newer.map(Some).ok_or(Failed);
            }
            let is_known = newer
                .as_ref()
                .is_some_and(|set| set.keys.keys().candidates(Some(kid)).is_some());
            // Every set has keys for a peer that names none: it may have come from a cache as well.
            if flight.revalidates || (is_known && kid != LEGACY_KID) {
                if is_own && !is_known {
                    state.pause(kid, now);
                }
                return Ok(newer);
            }
            // It was fetched because it was due, and a cache on the way may have answered, with a set
            // that is older than the key.
            is_own = state.running().is_none();
            flight = self.start(&mut state, now, Reason::UnknownKey);
        }
    }

    /// Forgets the set, its age, and the running fetch, which may bring the same keys again.
    pub(super) fn drop_set(&self) {
        let mut state = self.lock();
        *state = State::dropped(state.drops + 1);
    }

    /// Returns the state of the present set, for an operator.
    pub(super) fn status(&self) -> Option<FetchedStatus> {
        let now = self.clock.unix_millis();
        let state = self.lock();
        let set = state.set.as_ref()?;
        Some(FetchedStatus::new(set.at, set.fresh_until, now))
    }

    /// Joins the running fetch, or starts one.
    ///
    /// The fetch is a separate task, so that a client that disconnects does not end it. Otherwise a client
    /// that invents keys and hangs up could keep all others from the new keys.
    fn start(self: &Arc<Self>, state: &mut State, now: UnixMillis, reason: Reason) -> Running {
        if let Some(running) = state.running() {
            return running.clone();
        }
        state.last_attempt = Some(Attempt {
            at: now,
            // Until it is known better: if the task dies, the attempt has failed.
            failed: true,
            of_overdue: state.is_overdue(now, self.source.stale_if_error),
        });
        let drops = state.drops;
        // Dropped keys must not come back from any cache.
        let revalidates = drops > 0 || reason == Reason::UnknownKey;
        let (cache, fetching) = (Arc::clone(self), Arc::clone(self));
        let flight = launch(
            async move {
                let source = &fetching.source;
                source.fetch(fetching.allow_demo_key, revalidates).await
            },
            move |fetched| cache.land(fetched, drops),
        );
        let running = Running {
            drops,
            revalidates,
            flight,
        };
        state.flight = Some(running.clone());
        running
    }

    /// Takes the result of a fetch: `None` if its task died. Returns whether it is a set that counts.
    fn land(&self, fetched: Option<Result<Fetched, FetchError>>, drops: u64) -> bool {
        let counts = fetched.is_some_and(|fetched| self.store(fetched, drops));
        let mut state = self.lock();
        // After a drop the flight in the state is another one.
        if state.drops == drops {
            state.flight = None;
        }
        counts
    }

    /// Keeps the result of a fetch. Returns whether it is a set that counts.
    fn store(&self, fetched: Result<Fetched, FetchError>, drops: u64) -> bool {
        let now = self.clock.unix_millis();
        match fetched {
            Ok(Fetched { keys, fresh }) => {
                let mut state = self.lock();
                if state.drops != drops {
                    tracing::debug!("a key set came that was asked for before keys were dropped");
                    return false;
                }
                tracing::debug!(?fresh, "fetched the key set");
                state.set = Some(Arc::new(FetchedSet {
                    keys: JwtVerifier::new(keys, self.remembered),
                    at: now,
                    fresh_until: now + fresh,
                }));
                if let Some(attempt) = &mut state.last_attempt {
                    attempt.failed = false;
                }
                true
            }
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the key set of the application cannot be fetched: check SESSION_JWKS_URL"
                );
                false
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that is done under the lock leaves the state half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
