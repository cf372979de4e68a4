//! Time as a dependency.

use std::{fmt::Debug, sync::Arc, time::SystemTime};

/// The source of the current time.
///
/// Issuing and checking JWTs, grants and signed URLs all ask a `Clock`, so that a test can own the
/// time. The clock of the operating system is `lunadefend_jwt::SystemClock`.
///
/// ```
/// use lunadefend_core::Clock;
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
/// assert_eq!(Frozen(7).unix_millis(), 7_000);
/// ```
pub trait Clock: Debug + Send + Sync + 'static {
    /// The current time.
    fn now(&self) -> SystemTime;

    /// Milliseconds since the Unix epoch; 0 for a time before it.
    fn unix_millis(&self) -> u64 {
        self.now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, |age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX))
    }
}

impl<T: Clock + ?Sized> Clock for Arc<T> {
    fn now(&self) -> SystemTime {
        (**self).now()
    }
}
