//! The rate of deletions. It stops whoever has taken over the application before all values are gone.

use crate::{
    error::{ApiError, Cause},
    rates::{OverRate, Rule},
};
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Counts the deleted tokens of an hour, which begins with its first request. Times are those of a clock that
/// only goes forward.
#[derive(Debug)]
pub(crate) struct Deletions {
    per_hour: u32,
    window: Mutex<Window>,
}

#[derive(Debug, Default)]
struct Window {
    began: Option<Duration>,
    deleted: u32,
    has_alarmed: bool,
}

impl Deletions {
    pub(crate) fn new(per_hour: u32) -> Self {
        Self {
            per_hour,
            window: Mutex::default(),
        }
    }

    /// Checks that so many tokens may be deleted now. The log says once in an hour that they may not.
    pub(crate) fn check(&self, tokens: usize, now: Duration) -> Result<(), ApiError> {
        self.after(&mut self.window(now), tokens, now).map(drop)
    }

    /// Counts so many tokens, if they may be deleted now.
    pub(crate) fn count(&self, tokens: usize, now: Duration) -> Result<(), ApiError> {
        let mut window = self.window(now);
        window.deleted = self.after(&mut window, tokens, now)?;
        Ok(())
    }

    /// Returns the window at `now`, a new one after an hour.
    fn window(&self, now: Duration) -> MutexGuard<'_, Window> {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        if window
            .began
            .is_none_or(|began| now.saturating_sub(began) >= Rule::Deletes.period())
        {
            *window = Window {
                began: Some(now),
                ..Window::default()
            };
        }
        window
    }

    /// Returns the count after so many more tokens.
    fn after(&self, window: &mut Window, tokens: usize, now: Duration) -> Result<u32, ApiError> {
        let more = u32::try_from(tokens).unwrap_or(u32::MAX);
        let deleted = window.deleted.saturating_add(more);
        if deleted <= self.per_hour {
            return Ok(deleted);
        }
        if !std::mem::replace(&mut window.has_alarmed, true) {
            tracing::error!(
                per_hour = self.per_hour,
                "deleting tokens was stopped: more than LUNADEFEND_DELETES_PER_HOUR in an hour"
            );
        }
        let goes_on = now.saturating_sub(window.began.unwrap_or(now));
        let over = OverRate {
            rule: Rule::Deletes,
            wait: Rule::Deletes.period().saturating_sub(goes_on),
        };
        let what = format_args!(
            "no more than {} tokens may be deleted in an hour",
            self.per_hour
        );
        Err(ApiError::over_limit(what, over.rule.setting()).by(Cause::Rate(over)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::StatusCode;

    #[test]
    fn an_hour_begins_with_its_first_request() {
        let deletions = Deletions::new(3);
        let at = Duration::from_secs;
        for (now, tokens, permitted) in [
            (10, 4, false),
            (20, 2, true),
            (30, 2, false),
            (40, 1, true),
            (3_609, 1, false),
            (3_610, 3, true),
            (3_611, 1, false),
            (7_209, usize::MAX, false),
            (7_210, 1, true),
        ] {
            assert_eq!(deletions.check(tokens, at(now)).is_ok(), permitted, "{now}");
            assert_eq!(deletions.count(tokens, at(now)).is_ok(), permitted, "{now}");
        }
    }

    #[test]
    fn a_check_counts_nothing() {
        let deletions = Deletions::new(1);
        for _ in 0..3 {
            assert!(deletions.check(1, Duration::ZERO).is_ok());
        }
        assert!(deletions.count(1, Duration::ZERO).is_ok());
        let refused = deletions.check(1, Duration::ZERO).unwrap_err();
        assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    }
}
