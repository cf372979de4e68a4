//! The session of the request.

use crate::{Error, Extract, extract::Request};
use lunadefend_core::{ErrorKind, SessionId};

/// The session of the request, as found by the provider of [`Luna`](crate::Luna).
///
/// Without a session the response is a 401 and the handler does not run. `Option<Session>` is then `None`.
#[derive(Clone, Debug)]
pub struct Session(pub SessionId);

impl Extract for Session {
    async fn extract(request: &mut Request) -> Result<Self, Error> {
        Ok(Self(request.session().await?))
    }
}

impl Extract for Option<Session> {
    async fn extract(request: &mut Request) -> Result<Self, Error> {
        match request.session().await {
            Ok(session) => Ok(Some(Session(session))),
            Err(error) if error.kind() == ErrorKind::NoSession => Ok(None),
            Err(error) => Err(error),
        }
    }
}
