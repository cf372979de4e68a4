//! The session of the request as an extractor.

use crate::{Error, Luna};
use axum::extract::{FromRef, FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;
use lunadefend_core::{ErrorKind, SessionId};

/// The session of the request, as found by the provider of [`Luna`].
///
/// Without a session the response is a 401 and the handler does not run. `Option<Session>` is then `None`.
#[derive(Clone, Debug)]
pub struct Session(pub SessionId);

impl<S> FromRequestParts<S> for Session
where
    S: Send + Sync,
    Luna: FromRef<S>,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        Ok(Self(Luna::from_ref(state).session(parts).await?))
    }
}

impl<S> OptionalFromRequestParts<S> for Session
where
    S: Send + Sync,
    Luna: FromRef<S>,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Error> {
        match Luna::from_ref(state).session(parts).await {
            Ok(session) => Ok(Some(Self(session))),
            Err(error) if error.kind() == ErrorKind::NoSession => Ok(None),
            Err(error) => Err(error),
        }
    }
}
