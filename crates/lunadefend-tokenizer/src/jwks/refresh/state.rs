//! What is known of a key set, and what that means for somebody who comes now.

use super::{Failed, FetchedSet};
use lunadefend_core::provider::UnixMillis;
use lunadefend_flight::Flight;
use std::{collections::HashMap, sync::Arc, time::Duration};

/// For how long a set that is not fresh any more is used while the next one is fetched: a tokenizer
/// that is busy lets nobody wait. After that everybody waits for the fetch.
const GRACE: Duration = Duration::from_secs(30);
/// How long after the last attempt somebody may try again, by what there is without it.
const RETRY_WITHOUT_KEYS: Duration = Duration::from_secs(1);
const RETRY_STALE: Duration = Duration::from_secs(30);
pub(super) const RETRY_UNKNOWN_KEY: Duration = Duration::from_secs(1);
/// How long after a fetch for an unknown key nobody fetches for the same one again.
const PAUSE_OF_A_KEY: Duration = Duration::from_secs(60);
/// How many unknown keys are remembered for that.
const MAX_UNKNOWN_KEYS: usize = 1024;

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) set: Option<Arc<FetchedSet>>,
    pub(super) last_attempt: Option<Attempt>,
    /// Keys that were fetched for in vain, and when.
    unknown: HashMap<String, UnixMillis>,
    /// There while a fetch runs, and where its task never began.
    pub(super) flight: Option<Running>,
    /// How often the set was dropped. A fetch that began before the last time does not count.
    pub(super) drops: u64,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Attempt {
    pub(super) at: UnixMillis,
    pub(super) failed: bool,
    /// When it began, the set was overdue, or there was none.
    pub(super) of_overdue: bool,
}

/// A fetch that runs.
#[derive(Clone, Debug)]
pub(super) struct Running {
    pub(super) drops: u64,
    /// Whether caches on the way were told to ask the application.
    pub(super) revalidates: bool,
    pub(super) flight: Flight<bool>,
}

impl Running {
    /// Waits for its end; whether it brought a set that counts.
    pub(super) async fn has_landed_well(&self) -> bool {
        self.flight.landed().await.unwrap_or(false)
    }
}

/// What somebody does who comes now.
pub(super) enum Look {
    /// Go on with the set.
    Fresh(Arc<FetchedSet>),
    /// Go on with the set, and perhaps start a fetch.
    Due { set: Arc<FetchedSet>, fetch: bool },
    /// Wait for a fetch.
    Overdue,
    /// The fetch that was needed failed a moment ago: take what there is, if anything.
    Failed(Option<Arc<FetchedSet>>),
}

impl State {
    /// Nothing is known any more.
    pub(super) fn dropped(drops: u64) -> Self {
        Self {
            drops,
            ..Self::default()
        }
    }

    /// `stale`: for how long the set may be used after it was fresh, when no newer one can be had.
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

    /// Whether nothing may be judged by the set before a fetch has been tried. A clock that was set
    /// back makes a set that is not there yet: how old it is, nobody knows.
    pub(super) fn is_overdue(&self, now: UnixMillis, stale: Duration) -> bool {
        self.set
            .as_ref()
            .is_none_or(|set| now < set.at || now >= set.fresh_until + GRACE.min(stale))
    }

    /// The set, when there is no hope for a newer one. A clock that was set back must not make it last
    /// longer.
    pub(super) fn usable(&self, now: UnixMillis, stale: Duration) -> Option<Arc<FetchedSet>> {
        self.set
            .as_ref()
            .filter(|set| now + GRACE >= set.at && now < set.fresh_until + stale)
            .cloned()
    }

    /// An attempt from before the set was overdue says nothing about now.
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

    /// The fetch that runs.
    pub(super) fn running(&self) -> Option<&Running> {
        self.flight
            .as_ref()
            .filter(|running| running.flight.is_running())
    }

    pub(super) fn was_tried(&self, now: UnixMillis, pause: Duration) -> bool {
        self.last_attempt
            .is_some_and(|attempt| too_early(attempt.at, now, pause))
    }

    /// Whether that unknown key was fetched for in vain a moment ago.
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

    /// Nobody may ask now. The key may be in the set that could not be fetched.
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

/// Whether what was done at a time must not be done again yet. A clock that was set back must not stop
/// the refreshing.
fn too_early(at: UnixMillis, now: UnixMillis, pause: Duration) -> bool {
    now >= at && now.since(at) < pause
}
