//! The state of a key set, and what a caller does with it.

use super::{Failed, FetchedSet};
use lunadefend_core::provider::UnixMillis;
use lunadefend_flight::Flight;
use std::{collections::HashMap, sync::Arc, time::Duration};

/// The time for which a set that is no longer fresh is used while the next one is fetched. So no caller of a
/// busy tokenizer waits; after that time every caller waits for the fetch.
const GRACE: Duration = Duration::from_secs(30);
/// The pauses after an attempt: without a usable set, with a stale one, and for an unknown key.
const RETRY_WITHOUT_KEYS: Duration = Duration::from_secs(1);
const RETRY_STALE: Duration = Duration::from_secs(30);
pub(super) const RETRY_UNKNOWN_KEY: Duration = Duration::from_secs(1);
/// The pause between two fetches for the same unknown key.
const PAUSE_OF_A_KEY: Duration = Duration::from_secs(60);
/// The maximum of unknown keys that are remembered for that.
const MAX_UNKNOWN_KEYS: usize = 1024;

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) set: Option<Arc<FetchedSet>>,
    pub(super) last_attempt: Option<Attempt>,
    /// Keys that a fetch did not find, with its time.
    unknown: HashMap<String, UnixMillis>,
    /// Present while a fetch runs, and after one whose task never began.
    pub(super) flight: Option<Running>,
    /// The number of drops of the set. A fetch that began before the last drop does not count.
    pub(super) drops: u64,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Attempt {
    pub(super) at: UnixMillis,
    pub(super) failed: bool,
    /// When the attempt began, the set was overdue or missing.
    pub(super) of_overdue: bool,
}

/// A running fetch.
#[derive(Clone, Debug)]
pub(super) struct Running {
    pub(super) drops: u64,
    /// Whether caches on the way were told to ask the application.
    pub(super) revalidates: bool,
    pub(super) flight: Flight<bool>,
}

impl Running {
    /// Waits for its end; returns whether it brought a set that counts.
    pub(super) async fn has_landed_well(&self) -> bool {
        self.flight.landed().await.unwrap_or(false)
    }
}

/// What the current caller should do.
pub(super) enum Look {
    /// Use the set.
    Fresh(Arc<FetchedSet>),
    /// Use the set, and perhaps start a fetch.
    Due { set: Arc<FetchedSet>, fetch: bool },
    /// Wait for a fetch.
    Overdue,
    /// The needed fetch has just failed: use the present set, if any.
    Failed(Option<Arc<FetchedSet>>),
}

impl State {
    /// Returns the state after a drop: nothing is known.
    pub(super) fn dropped(drops: u64) -> Self {
        Self {
            drops,
            ..Self::default()
        }
    }

    /// Decides for the current caller. `stale` is the time for which the set may be used after it was fresh,
    /// while fetching fails.
    pub(super) fn look(&self, now: UnixMillis, stale: Duration) -> Look {
        match &self.set {
            Some(set) if !self.is_overdue(now, stale) => {
                let set = Arc::clone(set);
                if now < set.fresh_until {
                    Look::Fresh(set)
                } else {
                    let fetch = !self.was_tried(now, RETRY_STALE);
                    Look::Due { set, fetch }
                }
            }
            _ if self.has_just_failed(now, stale) => Look::Failed(self.usable(now, stale)),
            _ => Look::Overdue,
        }
    }

    /// Returns whether the set may verify nothing before a fetch has been tried. After the clock was set back
    /// a set may come from the future: its age is unknown.
    pub(super) fn is_overdue(&self, now: UnixMillis, stale: Duration) -> bool {
        self.set
            .as_ref()
            .is_none_or(|set| now < set.at || now >= set.fresh_until + GRACE.min(stale))
    }

    /// Returns the set, when fetching a newer one has failed. A clock that was set back must not make it last
    /// longer.
    pub(super) fn usable(&self, now: UnixMillis, stale: Duration) -> Option<Arc<FetchedSet>> {
        self.set
            .as_ref()
            .filter(|set| now + GRACE >= set.at && now < set.fresh_until + stale)
            .cloned()
    }

    /// Returns whether the last attempt has just failed. An attempt from before the set was overdue does not
    /// count.
    fn has_just_failed(&self, now: UnixMillis, stale: Duration) -> bool {
        let pause = match self.usable(now, stale) {
            Some(_) => RETRY_STALE,
            None => RETRY_WITHOUT_KEYS,
        };
        self.running().is_none()
            && self
                .last_attempt
                .is_some_and(|attempt| attempt.failed && attempt.of_overdue)
            && self.was_tried(now, pause)
    }

    /// Returns the running fetch.
    pub(super) fn running(&self) -> Option<&Running> {
        self.flight
            .as_ref()
            .filter(|running| running.flight.is_running())
    }

    pub(super) fn was_tried(&self, now: UnixMillis, pause: Duration) -> bool {
        self.last_attempt
            .is_some_and(|attempt| too_early(attempt.at, now, pause))
    }

    /// Returns whether a recent fetch did not find that unknown key.
    pub(super) fn is_paused(&self, kid: &str, now: UnixMillis) -> bool {
        self.unknown
            .get(kid)
            .is_some_and(|at| too_early(*at, now, PAUSE_OF_A_KEY))
    }

    pub(super) fn pause(&mut self, kid: &str, now: UnixMillis) {
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

    /// Returns the result without a fetch, when none may start now. The key may be in the set that could not
    /// be fetched.
    pub(super) fn without_asking(&self) -> Result<Option<Arc<FetchedSet>>, Failed> {
        if self.last_attempt.is_some_and(|attempt| attempt.failed) {
            return Err(Failed);
        }
        Ok(None)
    }

    pub(super) fn other_than(&self, seen: &Arc<FetchedSet>) -> Option<Arc<FetchedSet>> {
        self.set
            .as_ref()
            .filter(|set| !Arc::ptr_eq(set, seen))
            .cloned()
    }
}

/// Returns whether `pause` since `at` has not passed yet. A clock that was set back must not stop the
/// refreshing.
fn too_early(at: UnixMillis, now: UnixMillis, pause: Duration) -> bool {
    now >= at && now.since(at) < pause
}
