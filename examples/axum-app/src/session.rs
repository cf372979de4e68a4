//! The application's own sessions, by tower-sessions, and the session id provider for LunaDefend.

use crate::{error::AppError, failure::Failure, model::UserName};
use axum::{extract::FromRequestParts, http::request::Parts};
use lunadefend::{Error, ErrorKind, SessionId};
use tower_sessions::{
    Expiry, MemoryStore, Session, SessionManagerLayer,
    cookie::{SameSite, time::Duration},
};

/// The key of the user's name in the session.
const USER: &str = "user";

/// The layer that gives every request its session.
pub(crate) fn layer() -> SessionManagerLayer<MemoryStore> {
    SessionManagerLayer::new(MemoryStore::default())
        .with_name("axum_app_session")
        .with_expiry(Expiry::OnInactivity(Duration::hours(1)))
        // Enough where application and tokenizer are sub-domains of one site.
        .with_same_site(SameSite::Lax)
        // This example is without TLS, on loopback. Leave the line out.
        .with_secure(false)
}

/// Logs in, with a new session id: grants are tied to it.
pub(crate) async fn begin(session: &Session, user: &UserName) -> Result<(), Failure> {
    session.clear().await;
    session.cycle_id().await?;
    session.insert(USER, user).await?;
    Ok(())
}

/// The session id provider: `None` unless a user is logged in. The id in a cookie is not enough, as any
/// client can write a cookie.
pub(crate) async fn id(session: Option<Session>) -> Result<Option<SessionId>, Error> {
    let session = session.ok_or_else(|| Error::session_provider("the session layer is missing"))?;
    let user: Option<UserName> = session
        .get(USER)
        .await
        .map_err(|cause| Error::session_provider("the session store failed").with_source(cause))?;
    match (user, session.id()) {
        (Some(_), Some(id)) => SessionId::new(id.to_string()).map(Some),
        _ => Ok(None),
    }
}

/// The logged-in user; 401 without one.
pub(crate) struct User(pub(crate) UserName);

impl<S: Send + Sync> FromRequestParts<S> for User {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let session = parts
            .extensions
            .get::<Session>()
            .ok_or_else(|| AppError::Session("the session layer is missing".into()))?;
        let user = session.get(USER).await?;
        Ok(Self(user.ok_or(ErrorKind::NoSession)?))
    }
}
