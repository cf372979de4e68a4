//! The application's own sessions, by actix-session, and the session id provider for LunaDefend.

use crate::{cookie_session::CookieSession, error::AppError, failure::Failure, model::UserName};
use actix_session::{
    Session, SessionExt, SessionMiddleware, config::PersistentSession, storage::CookieSessionStore,
};
use actix_web::{
    FromRequest, HttpRequest,
    cookie::{Key, SameSite, time::Duration},
    dev::Payload,
};
use lunadefend::{Error, ErrorKind, SessionId};
use std::future::{Ready, ready};

/// The key of the log-in data in the session.
const LOGGED_IN: &str = "logged_in";

/// The middleware that gives every request its session, out of an encrypted cookie.
pub(crate) fn middleware(key: Key) -> SessionMiddleware<CookieSessionStore> {
    let lifetime = Duration::try_from(CookieSession::LIFETIME).unwrap_or(Duration::HOUR);
    SessionMiddleware::builder(CookieSessionStore::default(), key)
        .cookie_name("actix_app_session".to_owned())
        .session_lifecycle(PersistentSession::default().session_ttl(lifetime))
        // Enough where application and tokenizer are sub-domains of one site.
        .cookie_same_site(SameSite::Lax)
        // This example is without TLS, on loopback. Leave the line out.
        .cookie_secure(false)
        .build()
}

/// Logs in, with a new session id: grants are tied to it. The session has no id by itself, as it lives only
/// in the cookie.
pub(crate) fn begin(session: &Session, user: UserName) -> Result<(), Failure> {
    session.clear();
    session.renew();
    session.insert(LOGGED_IN, CookieSession::begin(user))?;
    Ok(())
}

/// Logs out.
pub(crate) fn end(session: &Session) {
    session.purge();
}

/// The session id provider: `None` unless a user is logged in.
pub(crate) fn id(request: &HttpRequest) -> Result<Option<SessionId>, Error> {
    logged_in(request)
        .map_err(|cause| Error::session_provider("the session cannot be read").with_source(cause))?
        .map(|session| session.id())
        .transpose()
}

fn logged_in(request: &HttpRequest) -> Result<Option<CookieSession>, AppError> {
    let session: Option<CookieSession> = request
        .get_session()
        .get(LOGGED_IN)
        .map_err(|cause| AppError::Session(cause.into()))?;
    Ok(session.and_then(CookieSession::if_live))
}

/// The logged-in user; 401 without one.
pub(crate) struct User(pub(crate) UserName);

impl FromRequest for User {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let user = |session: CookieSession| Self(session.into_user());
        ready(match logged_in(request) {
            Ok(session) => session.map(user).ok_or_else(|| ErrorKind::NoSession.into()),
            Err(error) => Err(error.into()),
        })
    }
}
