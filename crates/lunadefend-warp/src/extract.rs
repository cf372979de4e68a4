//! The extractors of handlers, and the request state that they read.

use crate::{Error, payload::Payload, provider::PendingSession};
use lunadefend_core::{ErrorKind, Granter, Grants, SessionId, adapter::resolve_session};
use std::future::Future;

/// An argument of a handler of [`Luna::handle`](crate::Luna::handle), after those that the filters of its
/// route extract.
///
/// It is implemented by [`Session`](crate::Session), `Option<Session>`, [`Granter`](crate::Granter),
/// [`Verified<T>`](crate::Verified), and each of these in a `Result<_, Error>`. The trait is sealed.
pub trait Extract: Sized + Send + 'static {
    /// Whether it reads the query (which is copied) or the body (which is consumed).
    #[doc(hidden)]
    const READS_PAYLOAD: bool = false;

    #[doc(hidden)]
    fn extract(request: &mut Request) -> impl Future<Output = Result<Self, Error>> + Send;
}

/// The state that the extractors of one handler share: the provider is called once and the body read once.
#[expect(
    missing_debug_implementations,
    unnameable_types,
    reason = "whoever cannot name it cannot implement `Extract`"
)]
pub struct Request {
    grants: Grants,
    /// Present until the session is needed.
    pending: Option<PendingSession>,
    session: Option<SessionId>,
    payload: Option<Payload>,
}

impl Request {
    pub(crate) fn new(grants: Grants, pending: PendingSession, payload: Option<Payload>) -> Self {
        Self {
            grants,
            pending: Some(pending),
            session: None,
            payload,
        }
    }

    pub(crate) fn grants(&self) -> &Grants {
        &self.grants
    }

    pub(crate) async fn session(&mut self) -> Result<SessionId, Error> {
        if let Some(pending) = self.pending.take() {
            self.session = Some(resolve_session(pending).await?);
        }
        // Called before and still none: the result was an error, or no user is logged in.
        self.session
            .clone()
            .ok_or_else(|| ErrorKind::NoSession.into())
    }

    /// Returns the payload, for an extractor that declares that it reads it.
    pub(crate) fn payload(&mut self) -> Result<&mut Payload, Error> {
        self.payload
            .as_mut()
            .ok_or_else(|| ErrorKind::Internal.into())
    }
}

/// For a handler that inspects the error: `Result<Verified<T>, Error>`.
impl<T: Extract> Extract for Result<T, Error> {
    const READS_PAYLOAD: bool = T::READS_PAYLOAD;

    async fn extract(request: &mut Request) -> Result<Self, Error> {
        Ok(T::extract(request).await)
    }
}

impl Extract for Granter {
    async fn extract(request: &mut Request) -> Result<Self, Error> {
        let session = request.session().await?;
        Ok(Self::new(request.grants.clone(), session))
    }
}
