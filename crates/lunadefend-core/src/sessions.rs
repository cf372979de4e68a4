//! Sessions at the tokenizer: their end, and which of them a page was made for.

use crate::{Error, SessionId, provider::BoxFuture, wire::PageSession};
use std::{fmt::Debug, sync::Arc};

/// Tells a tokenizer about sessions. Implemented by the client, and by `TestBackend` of `lunadefend-testing`.
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
    /// Ends the session at the tokenizer, for good, or fails. Ending it again is no error.
    fn end<'a>(&'a self, session: &'a SessionId) -> BoxFuture<'a, Result<(), Error>>;

    /// Names the session to a page, as the tokenizer will compare it.
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
    /// From then on no grant, browser session, download or JWT of this session id counts, and none that
    /// is made later. Ending a session twice is no error.
    ///
    /// # Errors
    /// [`ErrorKind::TokenizerTooOld`] when the tokenizer knows no such call, and the other kinds when
    /// there is no clear yes. What the tokenizer was not told ends by itself: grants after their
    /// duration, the browser's session there after 15 minutes.
    ///
    /// # Security
    /// End your own session first, so that it ends even when the tokenizer does not answer. The id counts
    /// no more: the session id provider must give a new one at the next log-in.
    ///
    /// [`ErrorKind::TokenizerTooOld`]: crate::ErrorKind::TokenizerTooOld
    pub async fn end(&self, session: &SessionId) -> Result<(), Error> {
        self.0.end(session).await
    }

    /// Names the session to a page that is made for it: print it into the page, where the frame reads it
    /// and sends it along. Asks nobody.
    ///
    /// The tokenizer then refuses what the frame asks for when the browser's session there is another
    /// one, such as that of the user before.
    ///
    /// # Errors
    /// [`ErrorKind::SessionProvider`](crate::ErrorKind::SessionProvider) for a session id that the
    /// tokenizer could not take.
    pub fn page_session(&self, session: &SessionId) -> Result<PageSession, Error> {
        self.0.page_session(session)
    }
}
