//! A session that lives in a cookie alone, which the framework encrypts or signs.

use crate::UserName;
use lunadefend::{Clock, Error, ErrorKind, SessionId};
use lunadefend_jwt::SystemClock;
use serde::{Deserialize, Serialize};
use std::{fmt, time::Duration};

/// Who is logged in, as what session, and for how long.
///
/// # Security
/// The application cannot end it early: log-out makes the browser forget it. At the tokenizer log-out ends it
/// for good: whoever kept the cookie gets no token of it any more. An application that must revoke sessions
/// keeps them in a store. Its end is in it, because a browser is free to ignore `Max-Age`.
#[derive(Clone, Serialize, Deserialize)]
pub struct CookieSession {
    user: UserName,
    id: String,
    /// Milliseconds since the Unix epoch.
    ends: u64,
}

impl fmt::Debug for CookieSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CookieSession").finish_non_exhaustive()
    }
}

impl CookieSession {
    /// How long one lives.
    pub const LIFETIME: Duration = Duration::from_secs(60 * 60);

    /// Logs in, with a new session id: grants are tied to it.
    ///
    /// # Errors
    /// [`ErrorKind::Internal`] when the system has no random bytes.
    pub fn begin(user: UserName) -> Result<Self, Error> {
        Self::begin_at(user, &SystemClock)
    }

    fn begin_at(user: UserName, clock: &dyn Clock) -> Result<Self, Error> {
        let bytes = lunadefend_crypto::random_bytes::<16>()
            .map_err(|cause| Error::new(ErrorKind::Internal).with_source(cause))?;
        let lifetime = u64::try_from(Self::LIFETIME.as_millis()).unwrap_or(0);
        Ok(Self {
            user,
            id: lunadefend_crypto::hex(&bytes),
            ends: clock.unix_millis().saturating_add(lifetime),
        })
    }

    /// The same, unless its time is over.
    #[must_use]
    pub fn if_live(self) -> Option<Self> {
        self.if_live_at(&SystemClock)
    }

    fn if_live_at(self, clock: &dyn Clock) -> Option<Self> {
        (clock.unix_millis() < self.ends).then_some(self)
    }

    /// Who is logged in.
    #[must_use]
    pub fn into_user(self) -> UserName {
        self.user
    }

    /// What grants are tied to.
    ///
    /// # Errors
    /// [`ErrorKind::SessionProvider`] when it is empty.
    pub fn id(&self) -> Result<SessionId, Error> {
        SessionId::new(self.id.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::SystemTime;

    #[derive(Debug)]
    struct At(Duration);

    impl Clock for At {
        fn now(&self) -> SystemTime {
            SystemTime::UNIX_EPOCH + self.0
        }
    }

    fn begin(clock: &At) -> CookieSession {
        CookieSession::begin_at("ann".to_owned().try_into().unwrap(), clock).unwrap()
    }

    #[test]
    fn it_ends() {
        let start = Duration::from_secs(7);
        let session = begin(&At(start));
        let last = start + CookieSession::LIFETIME - Duration::from_millis(1);
        assert!(session.clone().if_live_at(&At(last)).is_some());
        let over = start + CookieSession::LIFETIME;
        assert!(session.if_live_at(&At(over)).is_none());
    }

    #[test]
    fn every_log_in_has_its_own_id() {
        let clock = At(Duration::ZERO);
        let (one, other) = (begin(&clock).id().unwrap(), begin(&clock).id().unwrap());
        assert_ne!(one.expose_id(), other.expose_id());
    }
}
