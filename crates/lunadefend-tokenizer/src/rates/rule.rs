//! The rules that rates follow, and a request that breaks one.

use crate::error::{ApiError, Cause};
use governor::Quota;
use http::HeaderValue;
use std::{num::NonZeroU32, time::Duration};

/// What is limited in a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Rule {
    /// The requests of a session in a minute.
    SessionRequests,
    /// The values that a session asks for in an hour.
    SessionReads,
    /// The values that all sessions ask for in an hour.
    Reads,
    /// The refusals of an address in a minute.
    Refusals,
    /// The tokens that are deleted in an hour.
    Deletes,
}

impl Rule {
    /// All of them.
    pub(crate) const ALL: [Self; 5] = [
        Self::SessionRequests,
        Self::SessionReads,
        Self::Reads,
        Self::Refusals,
        Self::Deletes,
    ];

    /// Returns its name in metrics and the log.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::SessionRequests => "session_requests",
            Self::SessionReads => "session_reads",
            Self::Reads => "reads",
            Self::Refusals => "refusals",
            Self::Deletes => "deletes",
        }
    }

    /// Returns the variable that sets its limit.
    pub(crate) const fn setting(self) -> &'static str {
        match self {
            Self::SessionRequests => "LUNADEFEND_SESSION_REQUESTS_PER_MINUTE",
            Self::SessionReads => "LUNADEFEND_SESSION_READS_PER_HOUR",
            Self::Reads => "LUNADEFEND_READS_PER_HOUR",
            Self::Refusals => "LUNADEFEND_REFUSALS_PER_MINUTE",
            Self::Deletes => "LUNADEFEND_DELETES_PER_HOUR",
        }
    }

    /// Returns a limit of it: at once, and as much again in each period.
    pub(super) const fn quota(self, limit: NonZeroU32) -> Quota {
        match self {
            Self::SessionRequests | Self::Refusals => Quota::per_minute(limit),
            Self::SessionReads | Self::Reads | Self::Deletes => Quota::per_hour(limit),
        }
    }

    /// Returns the time in which as much as the limit is permitted again.
    pub(crate) const fn period(self) -> Duration {
        match self {
            Self::SessionRequests | Self::Refusals => Duration::from_secs(60),
            Self::SessionReads | Self::Reads | Self::Deletes => Duration::from_secs(60 * 60),
        }
    }

    /// Returns what a caller is told.
    const fn words(self) -> &'static str {
        match self {
            Self::SessionRequests => "the session has sent too many requests",
            Self::SessionReads => "the session has read as many values as it may in an hour",
            Self::Reads => "as many values were read as all sessions together may in an hour",
            Self::Refusals => "too many requests from this address were refused",
            Self::Deletes => "as many tokens were deleted as may be in an hour",
        }
    }
}

/// A request that a rule refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OverRate {
    pub(crate) rule: Rule,
    /// The time after which the same request would be permitted, if nothing else came meanwhile.
    pub(crate) wait: Duration,
}

impl OverRate {
    /// `Retry-After`: whole seconds, and at least one.
    pub(crate) fn retry_after(self) -> HeaderValue {
        let begun = u64::from(self.wait.subsec_nanos() > 0);
        HeaderValue::from(self.wait.as_secs().saturating_add(begun).max(1))
    }
}

impl From<OverRate> for ApiError {
    fn from(over: OverRate) -> Self {
        Self::over_limit(over.rule.words(), over.rule.setting()).by(Cause::Rate(over))
    }
}
