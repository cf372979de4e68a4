//! Time as a dependency.

use std::{
    fmt::{self, Debug},
    ops::Add,
    sync::Arc,
    time::{Duration, SystemTime},
};

/// A moment, in whole milliseconds since the Unix epoch. Earlier moments become the epoch.
///
/// Adding saturates at [`MAX`](Self::MAX); an expiry of `MAX` never arrives.
///
/// ```
/// use lunadefend_core::provider::UnixMillis;
/// use std::time::Duration;
///
/// let now = UnixMillis::new(1_795_392_000_000);
/// let expiry = now + Duration::from_secs(60);
/// assert!(now < expiry);
/// assert_eq!(expiry.since(now), Duration::from_secs(60));
/// assert_eq!(now.since(expiry), Duration::ZERO);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixMillis(u64);

impl UnixMillis {
    /// The latest moment.
    pub const MAX: Self = Self(u64::MAX);

    /// Makes the moment `millis` milliseconds after the Unix epoch.
    #[must_use]
    pub const fn new(millis: u64) -> Self {
        Self(millis)
    }

    /// Returns the milliseconds since the Unix epoch.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Returns the moment `duration` later, or `None` beyond [`MAX`](Self::MAX). Rounds down to whole
    /// milliseconds of `duration`.
    #[must_use]
    pub fn checked_add(self, duration: Duration) -> Option<Self> {
        let millis = u64::try_from(duration.as_millis()).ok()?;
        self.0.checked_add(millis).map(Self)
    }

    /// Returns the moment `duration` earlier, but not before the epoch. Rounds down to whole milliseconds of
    /// `duration`.
    #[must_use]
    pub fn saturating_sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(whole_millis(duration)))
    }

    /// Returns the time from `earlier` to this moment, or zero when `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for UnixMillis {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(whole_millis(duration)))
    }
}

impl From<SystemTime> for UnixMillis {
    fn from(time: SystemTime) -> Self {
        time.duration_since(SystemTime::UNIX_EPOCH)
            .map_or(Self(0), |age| Self(whole_millis(age)))
    }
}

impl From<UnixMillis> for SystemTime {
    fn from(time: UnixMillis) -> Self {
        Self::UNIX_EPOCH + Duration::from_millis(time.0)
    }
}

/// Writes the number of milliseconds.
impl fmt::Display for UnixMillis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

fn whole_millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The source of the current time.
///
/// All code that issues or checks JWTs, grants and signed URLs reads a `Clock`, so that a test can control
/// time. The clock of the operating system is `lunadefend_jwt::SystemClock`.
///
/// ```
/// use lunadefend_core::provider::{Clock, UnixMillis};
/// use std::time::{Duration, SystemTime};
///
/// #[derive(Debug)]
/// struct Frozen(u64);
///
/// impl Clock for Frozen {
///     fn now(&self) -> SystemTime {
///         SystemTime::UNIX_EPOCH + Duration::from_secs(self.0)
///     }
/// }
/// assert_eq!(Frozen(7).unix_millis(), UnixMillis::new(7_000));
/// ```
pub trait Clock: Debug + Send + Sync + 'static {
    /// Returns the current time.
    fn now(&self) -> SystemTime;

    /// Returns the current time in milliseconds since the Unix epoch.
    fn unix_millis(&self) -> UnixMillis {
        self.now().into()
    }
}

#[deny(clippy::missing_trait_methods)]
impl<T: Clock + ?Sized> Clock for Arc<T> {
    fn now(&self) -> SystemTime {
        (**self).now()
    }

    fn unix_millis(&self) -> UnixMillis {
        (**self).unix_millis()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_saturate_at_both_ends() {
        let second = Duration::from_secs(1);
        let before = SystemTime::UNIX_EPOCH - second;
        assert_eq!(UnixMillis::from(before), UnixMillis::new(0));
        let after = SystemTime::UNIX_EPOCH + Duration::from_micros(1_999);
        assert_eq!(UnixMillis::from(after), UnixMillis::new(1));
        assert_eq!(UnixMillis::MAX + second, UnixMillis::MAX);
        assert_eq!(UnixMillis::new(1) + Duration::MAX, UnixMillis::MAX);
        assert_eq!(UnixMillis::MAX.checked_add(second), None);
        assert_eq!(UnixMillis::new(1).checked_add(Duration::MAX), None);
        let later = UnixMillis::new(7).checked_add(second);
        assert_eq!(later, Some(UnixMillis::new(1_007)));
        assert_eq!(
            UnixMillis::new(7).saturating_sub(second),
            UnixMillis::new(0)
        );
        assert_eq!(UnixMillis::new(7).to_string(), "7");
    }

    /// A clock that says its milliseconds by itself is asked for them behind an `Arc` too.
    #[test]
    fn an_arc_forwards_both() {
        #[derive(Debug)]
        struct Odd;
        impl Clock for Odd {
            fn now(&self) -> SystemTime {
                SystemTime::UNIX_EPOCH
            }
            fn unix_millis(&self) -> UnixMillis {
                UnixMillis::new(3)
            }
        }
        let odd: Arc<dyn Clock> = Arc::new(Odd);
        assert_eq!(Arc::new(odd).unix_millis(), UnixMillis::new(3));
    }
}
