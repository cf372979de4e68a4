//! The session of the request as an extractor.

use crate::{Error, LocalBoxFuture, Luna};
use actix_web::{FromRequest, HttpRequest, dev::Payload};
use lunadefend_core::{ErrorKind, SessionId};

/// The session of the request, as found by the provider of [`Luna`].
///
/// Without a session the response is a 401 and the handler does not run. Where log-in is optional, take a
/// `Session<Option<SessionId>>`.
///
/// # Security
/// Do not take an `Option<Session>`: actix-web turns every error into `None`, so an unreachable session store
/// would look like a user who is not logged in.
///
/// ```
/// use lunadefend_actix::Session;
/// use lunadefend_core::SessionId;
///
/// async fn greeting(Session(session): Session<Option<SessionId>>) -> &'static str {
///     if session.is_some() { "welcome back" } else { "hello" }
/// }
/// # let _ = actix_web::web::get().to(greeting);
/// ```
#[derive(Clone, Debug)]
pub struct Session<S = SessionId>(pub S);

impl FromRequest for Session {
    type Error = Error;
    type Future = LocalBoxFuture<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Ok(Self(Luna::of(&request)?.session(&request).await?)) })
    }
}

impl FromRequest for Session<Option<SessionId>> {
    type Error = Error;
    type Future = LocalBoxFuture<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            match Luna::of(&request)?.session(&request).await {
                Ok(session) => Ok(Self(Some(session))),
                Err(error) if error.kind() == ErrorKind::NoSession => Ok(Self(None)),
                Err(error) => Err(error),
            }
        })
    }
}
