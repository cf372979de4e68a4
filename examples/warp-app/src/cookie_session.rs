//! A session that lives in a cookie alone, which the framework encrypts or signs.

use crate::model::UserName;
use lunadefend::{Error, SessionId, provider::Clock};
use lunadefend_jwt::SystemClock;
use serde::{Deserialize, Serialize};
use std::{fmt, time::Duration};
use uuid::Uuid;

/// The logged-in user, the session id, and the expiry.
///
/// # Security
/// The application cannot end it early: log-out makes the browser forget it. At the tokenizer, log-out ends
/// it permanently: a client that kept the cookie gets no more tokens. An application that must revoke
/// sessions keeps them in a store. It contains its expiry, because a browser may ignore `Max-Age`.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct CookieSession {
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
    pub(crate) const LIFETIME: Duration = Duration::from_secs(60 * 60);

    /// Logs in, with a new session id: grants are tied to it.
    pub(crate) fn begin(user: UserName) -> Self {
        Self::begin_at(user, &SystemClock)
    }

    fn begin_at(user: UserName, clock: &dyn Clock) -> Self {
        Self {
            user,
            id: Uuid::new_v4().to_string(),
            ends: (clock.unix_millis() + Self::LIFETIME).get(),
        }
    }

    /// Returns the session unless it has expired.
    pub(crate) fn if_live(self) -> Option<Self> {
        self.if_live_at(&SystemClock)
    }

    fn if_live_at(self, clock: &dyn Clock) -> Option<Self> {
        (clock.unix_millis().get() < self.ends).then_some(self)
    }

    /// Who is logged in.
    pub(crate) fn into_user(self) -> UserName {
        self.user
    }

    /// What grants are tied to.
    pub(crate) fn id(&self) -> Result<SessionId, Error> {
        SessionId::new(self.id.as_str())
    }
}
