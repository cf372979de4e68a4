//! Sessions at the tokenizer: ending one, and naming the one that a page was rendered for.

use crate::{Error, SessionId, provider::BoxFuture, wire::PageSession};
use std::{fmt::Debug, sync::Arc};

/// Ends and names sessions at a tokenizer. The client implements it, and so does `TestBackend` of `lunadefend-testing`.
///
/// ```
/// use lunadefend_core::{
///     Error, ErrorKind, SessionId, Sessions,
///     provider::{BoxFuture, SessionService},
///     wire::PageSession,
/// };
/// use std::sync::{Arc, Mutex};
///
/// /// Remembers which sessions were ended.
/// #[derive(Debug, Default)]
/// struct FakeSessions(Mutex<Vec<String>>);
///
/// impl SessionService for FakeSessions {
///     fn end<'a>(&'a self, session: &'a SessionId) -> BoxFuture<'a, Result<(), Error>> {
///         Box::pin(async move {
///             let mut ended = self.0.lock().map_err(|_| ErrorKind::Internal)?;
///             ended.push(session.expose_id().to_owned());
///             Ok(())
///         })
///     }
///
///     fn page_session(&self, session: &SessionId) -> Result<PageSession, Error> {
///         // Any function of the session will do in a test.
///         Ok(PageSession::of(session, |message| [message.len() as u8; 32]))
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Error> {
/// let fake = Arc::new(FakeSessions::default());
/// let sessions = Sessions::new(Arc::clone(&fake));
/// sessions.end(&SessionId::new("ann")?).await?;
/// assert_eq!(*fake.0.lock().unwrap(), ["ann"]);
/// # Ok(())
/// # }
/// ```
pub trait SessionService: Debug + Send + Sync + 'static {
    /// Ends the session at the tokenizer permanently, or fails. Ending it again is not an error.
    fn end<'a>(&'a self, session: &'a SessionId) -> BoxFuture<'a, Result<(), Error>>;

    /// Returns the name of the session for a page; the tokenizer compares it with the cookie's session.
    fn page_session(&self, session: &SessionId) -> Result<PageSession, Error>;
}

#[deny(clippy::missing_trait_methods)]
impl<T: SessionService + ?Sized> SessionService for Arc<T> {
    fn end<'a>(&'a self, session: &'a SessionId) -> BoxFuture<'a, Result<(), Error>> {
        (**self).end(session)
    }

    fn page_session(&self, session: &SessionId) -> Result<PageSession, Error> {
        (**self).page_session(session)
    }
}

/// The handle through which an application ends sessions at the tokenizer.
///
/// Cheap to clone. The example of [`SessionService`] shows a fake.
#[derive(Clone, Debug)]
pub struct Sessions(Arc<dyn SessionService>);

impl Sessions {
    /// Wraps a service.
    pub fn new(service: impl SessionService) -> Self {
        Self(Arc::new(service))
    }

    /// Ends the session at the tokenizer: call it when the user logs out.
    ///
    /// From then on the tokenizer rejects every grant, browser session, download and JWT of this session id,
    /// including those made later. Ending a session twice is not an error.
    ///
    /// # Errors
    /// [`ErrorKind::TokenizerTooOld`] when the tokenizer does not support this call, and other kinds when it
    /// does not confirm it. If the call fails, grants still expire after their duration, and the browser's
    /// session at the tokenizer after 15 minutes.
    ///
    /// # Security
    /// End your own session first, so that it ends even when the tokenizer does not respond. The id is then
    /// unusable: the session id provider must return a new one after the next log-in.
    ///
    /// [`ErrorKind::TokenizerTooOld`]: crate::ErrorKind::TokenizerTooOld
    pub async fn end(&self, session: &SessionId) -> Result<(), Error> {
        self.0.end(session).await
    }

    /// Returns the name of the session for a page rendered for it. Makes no request.
    ///
    /// Print it into the page; the secure frame reads it and sends it to the tokenizer.
    ///
    /// The tokenizer then rejects the frame's requests when the browser's session there is a different one,
    /// such as the previous user's.
    ///
    /// # Errors
    /// [`ErrorKind::SessionProvider`](crate::ErrorKind::SessionProvider) for a session id that the tokenizer
    /// would not accept.
    pub fn page_session(&self, session: &SessionId) -> Result<PageSession, Error> {
        self.0.page_session(session)
    }
}
