//! The application's own sessions, each in a signed cookie, and the session id provider for LunaDefend.

use crate::{cookie_session::CookieSession, error::AppError, failure::Failure, model::UserName};
use anyhow::Context;
use cookie::{Cookie, CookieBuilder, CookieJar, Key, SameSite, time::Duration};
use lunadefend::{Error, ErrorKind, SessionId};
use std::convert::Infallible;
use warp::{Filter, Rejection};

const NAME: &str = "warp_app_session";

/// Writes and reads the cookies of sessions.
#[derive(Clone)]
pub(crate) struct Sessions(Key);

impl Sessions {
    pub(crate) fn new() -> anyhow::Result<Self> {
        let key = Key::try_generate().context("no random bytes for a key")?;
        Ok(Self(key))
    }

    /// Logs in, with a new session id: grants are tied to it. Gives the value of `Set-Cookie`.
    pub(crate) fn begin(&self, user: UserName) -> Result<String, Failure> {
        let session = serde_json::to_string(&CookieSession::begin(user))
            .map_err(|cause| AppError::Session(cause.into()))?;
        let lifetime = Duration::try_from(CookieSession::LIFETIME).unwrap_or(Duration::HOUR);
        let mut jar = CookieJar::new();
        jar.signed_mut(&self.0)
            .add(cookie(session).max_age(lifetime));
        let set = jar.delta().map(|cookie| cookie.encoded().to_string());
        Ok(set.collect())
    }

    /// Logs out. Gives the value of `Set-Cookie`.
    pub(crate) fn end(&self) -> String {
        cookie(String::new()).removal().build().to_string()
    }

    /// Extracts the session that the request's cookie is, if it is one of ours and not over.
    pub(crate) fn session(
        &self,
    ) -> impl Filter<Extract = (Option<CookieSession>,), Error = Infallible> + Clone + use<> {
        let sessions = self.clone();
        warp::cookie::optional(NAME)
            .map(move |value: Option<String>| sessions.read(&value?)?.if_live())
    }

    fn read(&self, value: &str) -> Option<CookieSession> {
        let cookie = Cookie::parse_encoded(format!("{NAME}={value}")).ok()?;
        let cookie = CookieJar::new().signed(&self.0).verify(cookie)?;
        serde_json::from_str(cookie.value()).ok()
    }

    /// Extracts the logged-in user; 401 without one.
    pub(crate) fn user(
        &self,
    ) -> impl Filter<Extract = (UserName,), Error = Rejection> + Clone + use<> {
        self.session()
            .and_then(async |session: Option<CookieSession>| match session {
                Some(session) => Ok(session.into_user()),
                None => Err(Rejection::from(Error::from(ErrorKind::NoSession))),
            })
    }
}

/// The session id provider: `None` unless a user is logged in.
pub(crate) fn id(session: Option<CookieSession>) -> Result<Option<SessionId>, Error> {
    session.map(|session| session.id()).transpose()
}

fn cookie(value: String) -> CookieBuilder<'static> {
    Cookie::build((NAME, value))
        .http_only(true)
        .path("/")
        // Enough where application and tokenizer are sub-domains of one site.
        .same_site(SameSite::Lax)
        // This example is without TLS, on loopback. Make it true.
        .secure(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set_cookie(sessions: &Sessions) -> String {
        sessions
            .begin("ann".to_owned().try_into().unwrap())
            .unwrap()
    }

    fn value(set_cookie: &str) -> &str {
        let pair = set_cookie.split(';').next().unwrap();
        pair.strip_prefix("warp_app_session=").unwrap()
    }

    #[test]
    fn a_session_comes_back_and_script_cannot_read_it() {
        let sessions = Sessions::new().unwrap();
        let set = set_cookie(&sessions);
        let session = sessions.read(value(&set)).unwrap();
        assert_eq!(session.into_user().as_str(), "ann");
        for attribute in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=3600"] {
            assert!(set.split("; ").any(|found| found == attribute), "{set}");
        }
        assert!(sessions.end().starts_with("warp_app_session=; "));
    }

    #[test]
    fn what_we_did_not_sign_is_no_session() {
        let sessions = Sessions::new().unwrap();
        let set = set_cookie(&sessions);
        let value = value(&set);
        assert!(sessions.read(&value.replace("ann", "bob")).is_none());
        assert!(sessions.read(&value[1..]).is_none());
        assert!(sessions.read("").is_none());
        assert!(
            Sessions::new().unwrap().read(value).is_none(),
            "another key"
        );
    }
}
