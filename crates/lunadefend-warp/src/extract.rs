//! What handlers may ask for, and what it is extracted from.

use crate::{Error, payload::Payload, provider::PendingSession};
use lunadefend_core::{ErrorKind, Granter, Grants, SessionId, adapter::resolve_session};
use std::future::Future;

/// What a handler of [`Luna::handle`](crate::Luna::handle) may ask for, besides what the filters of
/// its route extract: [`Session`](crate::Session), `Option<Session>`, [`Granter`](crate::Granter),
/// [`Verified<T>`](crate::Verified), and each in a `Result<_, Error>`. Nothing else implements it.
pub trait Extract: Sized + Send + 'static {
    /// Whether the query or the body is looked at, which are copied or taken for that.
    #[doc(hidden)]
    const READS_PAYLOAD: bool = false;

    #[doc(hidden)]
    fn extract(request: &mut Request) -> impl Future<Output = Result<Self, Error>> + Send;
}

/// What the extractors of one handler share: the provider is asked once and the body read once.
#[expect(
    missing_debug_implementations,
    unnameable_types,
    reason = "whoever cannot name it cannot implement `Extract`"
)]
pub struct Request {
    grants: Grants,
    /// Until it is asked for.
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
        // Asked before and still none: that answer was an error, or nobody.
        self.session
            .clone()
            .ok_or_else(|| ErrorKind::NoSession.into())
    }

    /// Returns the payload, for what says that it reads it.
    pub(crate) fn payload(&mut self) -> Result<&mut Payload, Error> {
        self.payload
            .as_mut()
            .ok_or_else(|| ErrorKind::Internal.into())
    }
}

/// For a handler that looks at the error itself: `Result<Verified<T>, Error>`.
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
