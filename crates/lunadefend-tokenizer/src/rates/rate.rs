//! One rate: how much each of many callers may do in a time.

use super::{OverRate, Rule};
use governor::{
    RateLimiter, clock::Clock, middleware::NoOpMiddleware, state::keyed::HashMapStateStore,
};
use lunadefend_vault::Timer;
use std::{
    fmt,
    hash::Hash,
    num::NonZeroU32,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// The maximum of callers that are told apart; each takes about 50 bytes. Those beyond it share one count.
const MAX_CALLERS: usize = 1 << 17;
/// The number of callers from which those are forgotten that have not done anything lately.
const MANY_CALLERS: usize = 1 << 12;
/// The least time between two searches for callers to forget: each looks at all of them.
const FORGET_EVERY: Duration = Duration::from_secs(1);
/// The log tells once in this time that callers are refused.
const ALARM_EVERY: Duration = Duration::from_secs(60 * 60);

/// Whose count it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Caller<K> {
    One(K),
    /// One of those for whom there is no room.
    AnyOther,
}

/// A clock that only goes forward.
struct Monotonic(Arc<dyn Timer>);

impl Clock for Monotonic {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.monotonic()
    }
}

type Limiter<K> =
    RateLimiter<Caller<K>, HashMapStateStore<Caller<K>>, Monotonic, NoOpMiddleware<Duration>>;

/// How much each caller may do: as much as the limit at once, and in each time as much again.
pub(crate) struct Rate<K: Hash + Eq + Clone> {
    rule: Rule,
    limit: NonZeroU32,
    timer: Arc<dyn Timer>,
    limiter: Limiter<K>,
    upkeep: Mutex<Upkeep>,
}

/// When something was last done that need not be done each time.
struct Upkeep {
    /// The number of callers at which idle ones are forgotten next.
    forget_at: usize,
    forgot: Option<Duration>,
    alarmed: Option<Duration>,
}

impl<K: Hash + Eq + Clone> fmt::Debug for Rate<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rate")
            .field("rule", &self.rule)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

impl<K: Hash + Eq + Clone> Rate<K> {
    pub(crate) fn new(rule: Rule, limit: NonZeroU32, timer: Arc<dyn Timer>) -> Self {
        Self {
            rule,
            limit,
            limiter: RateLimiter::hashmap_with_clock(
                rule.quota(limit),
                Monotonic(Arc::clone(&timer)),
            ),
            timer,
            upkeep: Mutex::new(Upkeep {
                forget_at: MANY_CALLERS,
                forgot: None,
                alarmed: None,
            }),
        }
    }

    /// Counts what a caller does, if they may do all of it now. The log tells the first refusal in an hour.
    pub(crate) fn count(&self, caller: K, number: NonZeroU32) -> Result<(), OverRate> {
        let caller = if self.has_room() {
            Caller::One(caller)
        } else {
            Caller::AnyOther
        };
        let wait = match self.limiter.check_key_n(&caller, number) {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(until)) => until.wait_time_from(self.timer.monotonic()),
            // More at once than the limit is never permitted.
            Err(_) => self.rule.period(),
        };
        self.alarm();
        Err(OverRate {
            rule: self.rule,
            wait,
        })
    }

    /// Returns whether another caller can be told apart. It forgets idle ones when their number has doubled.
    fn has_room(&self) -> bool {
        let callers = self.limiter.len();
        let mut upkeep = self.upkeep();
        if callers < upkeep.forget_at {
            return true;
        }
        if !is_due(&mut upkeep.forgot, FORGET_EVERY, self.timer.monotonic()) {
            return callers < MAX_CALLERS;
        }
        self.limiter.retain_recent();
        let left = self.limiter.len();
        upkeep.forget_at = (2 * left).clamp(MANY_CALLERS, MAX_CALLERS);
        left < MAX_CALLERS
    }

    fn alarm(&self) {
        if is_due(
            &mut self.upkeep().alarmed,
            ALARM_EVERY,
            self.timer.monotonic(),
        ) {
            let (limit, rule, setting) = (self.limit, self.rule.name(), self.rule.setting());
            tracing::error!(
                rule,
                limit,
                setting,
                "requests are refused: a limit was reached"
            );
        }
    }

    fn upkeep(&self) -> MutexGuard<'_, Upkeep> {
        self.upkeep.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns whether something was not done for that time. Then it counts as done now.
fn is_due(last: &mut Option<Duration>, every: Duration, now: Duration) -> bool {
    let is_due = last.is_none_or(|last| now.saturating_sub(last) >= every);
    if is_due {
        *last = Some(now);
    }
    is_due
}

#[cfg(test)]
mod tests;
