//! How often a secret is refreshed, and how long an old one may be used.

use lunadefend_core::provider::SettingError;
use std::time::Duration;

/// When a [`SecretCache`](crate::SecretCache) fetches again.
///
/// ```
/// use lunadefend_secrets::RefreshPolicy;
/// use std::time::Duration;
///
/// let policy = RefreshPolicy::default();
/// assert_eq!(policy.every(), Duration::from_secs(300));
/// assert_eq!(policy.slowest(), Duration::from_secs(330));
/// assert_eq!(policy.max_age(), Duration::from_secs(86_400));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefreshPolicy {
    every: Duration,
    max_age: Duration,
}

impl RefreshPolicy {
    const MAX_EVERY: Duration = Duration::from_secs(24 * 3600);
    const MAX_MAX_AGE: Duration = Duration::from_secs(7 * 24 * 3600);

    /// Makes a policy that fetches again after `every`: 1 second to 24 hours, or zero to fetch at each use of
    /// the secret. While the provider fails, the last secret is used for at most `max_age`: more than twice
    /// `every`, and at most 7 days.
    ///
    /// # Errors
    /// [`SettingError`], which names the time that is out of its range: `refresh` or `max_age`.
    pub fn new(every: Duration, max_age: Duration) -> Result<Self, SettingError> {
        let at_least = Duration::from_secs(1);
        if !every.is_zero() && !(at_least..=Self::MAX_EVERY).contains(&every) {
            return Err(SettingError::wrong(
                "refresh",
                "a secret is fetched again after 1s to 24h, or after 0s: then each time it is used",
            ));
        }
        if max_age <= every * 2 || max_age > Self::MAX_MAX_AGE {
            return Err(SettingError::wrong(
                "max_age",
                "the age up to which a secret is used without its provider must be longer than twice the time between two fetches, and at most 7 days (168h)",
            ));
        }
        Ok(Self { every, max_age })
    }

    /// Returns the time between two fetches, without the jitter; zero when each use fetches.
    #[must_use]
    pub const fn every(&self) -> Duration {
        self.every
    }

    /// Returns the jitter: how much later than [`every`](Self::every) a fetch may be, a tenth of it. So
    /// replicas that started together do not fetch together.
    #[must_use]
    pub fn jitter(&self) -> Duration {
        self.every / 10
    }

    /// Returns the time after which every process that uses the secret, and can reach the provider, has
    /// fetched a new version.
    #[must_use]
    pub fn slowest(&self) -> Duration {
        self.every + self.jitter()
    }

    /// Returns the age up to which a secret is used while its provider fails.
    #[must_use]
    pub const fn max_age(&self) -> Duration {
        self.max_age
    }
}

/// Every five minutes; 24 hours while the provider fails.
impl Default for RefreshPolicy {
    fn default() -> Self {
        Self {
            every: Duration::from_secs(300),
            max_age: Duration::from_secs(24 * 3600),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let seconds = Duration::from_secs;
        for (every, max_age, expected) in [
            (seconds(0), seconds(1), None),
            (seconds(1), seconds(3), None),
            (seconds(86_400), seconds(7 * 86_400), None),
            (Duration::from_millis(999), seconds(9), Some("refresh")),
            (seconds(86_401), seconds(7 * 86_400), Some("refresh")),
            (seconds(0), seconds(0), Some("max_age")),
            (seconds(300), seconds(600), Some("max_age")),
            (seconds(300), seconds(7 * 86_400 + 1), Some("max_age")),
        ] {
            let outcome = RefreshPolicy::new(every, max_age).err();
            let setting = outcome.as_ref().map(|error| &*error.setting);
            assert_eq!(setting, expected, "{every:?} {max_age:?}");
        }
    }
}
