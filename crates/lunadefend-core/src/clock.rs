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

#[deny(clippy::missing_trait_methods)]
impl<T: Clock + ?Sized> Clock for Arc<T> {
    fn now(&self) -> SystemTime {
        (**self).now()
    }

    fn unix_millis(&self) -> u64 {
        (**self).unix_millis()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Says its milliseconds itself.
    #[derive(Debug)]
    struct Own;

    impl Clock for Own {
        fn now(&self) -> SystemTime {
            SystemTime::UNIX_EPOCH
        }

        fn unix_millis(&self) -> u64 {
            7
        }
    }

    #[test]
    fn a_shared_clock_says_what_the_clock_says() {
        assert_eq!(Arc::new(Own).unix_millis(), 7);
        let shared: Arc<dyn Clock> = Arc::new(Own);
        assert_eq!(Clock::unix_millis(&shared), 7);
    }
}
