//! What makes the routes and filters of the adapter.

use crate::{
    Extract, Handler, auth_plugin,
    extract::Request,
    payload::payload,
    provider::{PendingSession, pending_sessions},
    recover,
};
use lunadefend_core::{Backend, Error, Granter, Grants, SessionId, Sessions, wire::PageSession};
use std::{
    fmt,
    future::{Future, ready},
};
use warp::{Filter, Rejection, filters::BoxedFilter, reply::Response};

/// As much as axum's `DefaultBodyLimit`.
const BODY_LIMIT: usize = 2 * 1024 * 1024;

/// Makes the routes: the backend, usually a `LunaDefend`, and the session id provider. Cheap to clone.
#[derive(Clone)]
pub struct Luna {
    backend: Backend,
    pending_sessions: BoxedFilter<(PendingSession,)>,
    body_limit: usize,
}

impl Luna {
    /// Joins the backend, usually a `LunaDefend`, with the session id provider.
    ///
    /// The provider has two parts, as warp has no request value. `picks` is a filter that extracts
    /// what is needed of the request, as one value; several go through as a tuple, by `Filter::map`.
    /// `provider` finds the identifier of the user's session in it: `Ok(None)` when nobody is logged
    /// in (a 401), an error when it cannot tell (a 500).
    ///
    /// A rejection of the filter is a 500 as well, so that it should extract an `Option` of what may
    /// be absent: `warp::cookie::optional("session")` and not `warp::cookie("session")`.
    ///
    /// A panic of the function or of its future is a 500. One in the filter closes the connection:
    /// only warp itself runs filters, so that nobody else can catch it. Let the filter pick, and the
    /// function do what can go wrong.
    ///
    /// warp has no sessions of its own. With a cookie, whose value is random, 128 bits or more, and new at each
    /// log-in:
    ///
    /// ```
    /// use lunadefend_core::{Error, Backend, SessionId};
    /// use lunadefend_warp::Luna;
    /// # #[derive(Clone)]
    /// # struct Store;
    /// # impl Store {
    /// #     async fn is_live(&self, _: &str) -> Result<bool, std::io::Error> { Ok(true) }
    /// # }
    ///
    /// fn luna(backend: Backend, store: Store) -> Luna {
    ///     Luna::new(backend, warp::cookie::optional("session"), move |id: Option<String>| {
    ///         let store = store.clone();
    ///         async move {
    ///             let Some(id) = id else { return Ok(None) };
    ///             let live = store.is_live(&id).await.map_err(|cause| {
    ///                 Error::session_provider("the session store failed").with_source(cause)
    ///             })?;
    ///             live.then(|| SessionId::new(id)).transpose()
    ///         }
    ///     })
    /// }
    /// ```
    ///
    /// Where other filters find the session, such as those of a session crate, pass its filter as `picks`.
    ///
    /// # Security
    /// It must find a **new** identifier after every log-in: one that was ended counts no more. It must
    /// not trust a header that a browser can set, nor an id that the session store was not asked about:
    /// anybody can write a cookie. The same provider must serve all routes, which is why there is one.
    pub fn new<F, X, P, Fut>(backend: impl Into<Backend>, picks: F, provider: P) -> Self
    where
        F: Filter<Extract = (X,)> + Send + Sync + 'static,
        F::Error: Into<Rejection>,
        X: Send + 'static,
        P: Fn(X) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Option<SessionId>, Error>> + Send + 'static,
    {
        Self {
            backend: backend.into(),
            pending_sessions: pending_sessions(picks, provider),
            body_limit: BODY_LIMIT,
        }
    }

    /// Does the same, with a session id provider that needs no more than what `picks` extracts: the session
    /// that another filter found, or a look-up in memory. `None` when nobody is logged in.
    ///
    /// ```
    /// use lunadefend_core::{Backend, SessionId};
    /// use lunadefend_warp::Luna;
    /// use std::{collections::HashMap, sync::Arc};
    ///
    /// /// The sessions by their cookies.
    /// fn luna(backend: Backend, sessions: Arc<HashMap<String, SessionId>>) -> Luna {
    ///     let cookie = warp::cookie::optional("session");
    ///     Luna::with_session(backend, cookie, move |cookie: Option<String>| {
    ///         sessions.get(&cookie?).cloned()
    ///     })
    /// }
    /// ```
    ///
    /// # Security
    /// As [`Luna::new`]. Where the look-up can fail, that one is right: a store that is down is not nobody.
    pub fn with_session<F, X, P>(backend: impl Into<Backend>, picks: F, provider: P) -> Self
    where
        F: Filter<Extract = (X,)> + Send + Sync + 'static,
        F::Error: Into<Rejection>,
        X: Send + 'static,
        P: Fn(X) -> Option<SessionId> + Send + Sync + 'static,
    {
        Self::new(backend, picks, move |picked| ready(Ok(provider(picked))))
    }

    /// Sets how many bytes of a body [`Verified`](crate::Verified) reads at most, for the routes made from here on; a
    /// longer one is a 413. 2 MB (2,097,152) unless set.
    #[must_use]
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// Returns the two routes of the auth plugin, `/.lunasec/secure-frame` and `/.lunasec/jwks.json`, below
    /// the path that was matched before.
    ///
    /// They answer every method themselves and pass on all other paths.
    #[must_use]
    pub fn routes(&self) -> BoxedFilter<(Response,)> {
        self.routes_at("")
    }

    /// Returns the same below a base path, with or without slashes around it: `"api"`, `"/api/"`.
    #[must_use]
    pub fn routes_at(&self, base: &str) -> BoxedFilter<(Response,)> {
        auth_plugin::routes(self.backend.auth_plugin(), &self.pending_sessions, base)
    }

    /// Makes a route that ends in a handler: `route` says which requests it is for and extracts what the
    /// handler needs besides `Session`, `Granter` and `Verified<T>`, which it asks for by its
    /// arguments.
    ///
    /// ```
    /// use lunadefend_core::VerifiedToken;
    /// use lunadefend_warp::{Error, Luna, Session, Verified};
    /// use warp::{Filter, Reply, filters::BoxedFilter, http::StatusCode, reply::Response};
    ///
    /// async fn set_card(
    ///     number: u32,
    ///     Session(session): Session,
    ///     Verified(token): Verified<VerifiedToken>,
    /// ) -> Result<impl Reply, Error> {
    ///     # let _ = (number, session, token);
    ///     Ok(StatusCode::NO_CONTENT)
    /// }
    ///
    /// fn cards(luna: &Luna) -> BoxedFilter<(Response,)> {
    ///     luna.handle(warp::path!("cards" / u32).and(warp::put()), set_card)
    /// }
    /// ```
    ///
    /// When `route` rejects, so does this, and another route may take the request. When it does not,
    /// the answer is final: what is refused after that, by the session, the body, a token or the
    /// tokenizer, is the reply of its [`Error`]. Neither a catch-all route behind this one nor a 404
    /// or 405 of a neighbour comes in its place. An [`Error`] that `route` itself rejects with is such
    /// a reply, too.
    #[must_use]
    pub fn handle<F, H, E>(&self, route: F, handler: H) -> BoxedFilter<(Response,)>
    where
        F: Filter + Send + Sync + 'static,
        F::Extract: Send,
        F::Error: Into<Rejection>,
        H: Handler<F::Extract, E>,
    {
        handler
            .attach(self, route.boxed())
            .recover(recover)
            .unify()
            .boxed()
    }

    /// Extracts what a handler could ask for, for filters that build upon it: `Session` for one that loads
    /// the user, `Option<Session>`, `Granter` or `Verified<T>`.
    ///
    /// Rejects with an [`Error`]: see [`recover`]. Each such filter asks the provider for itself; a
    /// handler asks it once, whatever its arguments.
    ///
    /// ```
    /// use lunadefend_warp::{Error, Luna, Session};
    /// use warp::{Filter, Rejection};
    ///
    /// #[derive(Clone)]
    /// struct User;
    /// # impl User { async fn of(_: &lunadefend_core::SessionId) -> Result<Self, Error> { Ok(Self) } }
    ///
    /// fn user(luna: &Luna) -> impl Filter<Extract = (User,), Error = Rejection> + Clone {
    ///     luna.extract::<Session>()
    ///         .and_then(async |Session(session)| Ok::<_, Rejection>(User::of(&session).await?))
    /// }
    /// ```
    #[must_use]
    pub fn extract<E: Extract>(&self) -> BoxedFilter<(E,)> {
        self.request(E::READS_PAYLOAD)
            .and_then(|mut request: Request| async move {
                E::extract(&mut request).await.map_err(Rejection::from)
            })
            .boxed()
    }

    /// Creates and verifies grants, for calls without an extractor.
    #[must_use]
    pub fn grants(&self) -> &Grants {
        self.backend.grants()
    }

    /// Grants to a session that is known already: in a WebSocket after the upgrade, or in a test that
    /// calls a handler as the function that it is.
    #[must_use]
    pub fn granter(&self, session: &SessionId) -> Granter {
        self.backend.granter(session)
    }

    /// Ends sessions at the tokenizer: one call in the handler that logs a user out.
    ///
    /// ```
    /// use lunadefend_warp::{Error, Luna, Session};
    /// use warp::{Filter, Reply, filters::BoxedFilter, reply::Response};
    ///
    /// async fn log_out(luna: Luna, Session(session): Session) -> Result<impl Reply, Error> {
    ///     // First your own session, then:
    ///     luna.sessions().end(&session).await?;
    ///     Ok(warp::reply())
    /// }
    ///
    /// fn route(luna: Luna) -> BoxedFilter<(Response,)> {
    ///     let state = luna.clone();
    ///     let state = warp::any().map(move || state.clone());
    ///     luna.handle(warp::path!("logout").and(warp::post()).and(state), log_out)
    /// }
    /// ```
    #[must_use]
    pub fn sessions(&self) -> &Sessions {
        self.backend.sessions()
    }

    /// Names the session to a page that is made for it: see [`Sessions::page_session`].
    ///
    /// ```
    /// use lunadefend_warp::{Error, Luna, Session};
    /// use warp::Reply;
    ///
    /// async fn page(luna: Luna, Session(session): Session) -> Result<impl Reply, Error> {
    ///     let page_session = luna.page_session(&session)?;
    ///     let field = format!(r#"<luna-input name="ssn_token" session="{page_session}"></luna-input>"#);
    ///     Ok(warp::reply::html(field))
    /// }
    /// ```
    ///
    /// # Errors
    /// As that one.
    pub fn page_session(&self, session: &SessionId) -> Result<PageSession, Error> {
        self.sessions().page_session(session)
    }

    /// Extracts what the extractors of one handler share. Never rejects.
    pub(crate) fn request(&self, reads_payload: bool) -> BoxedFilter<(Request,)> {
        let grants = self.grants().clone();
        let payload = if reads_payload {
            payload(self.body_limit).map(Some).boxed()
        } else {
            warp::any().map(|| None).boxed()
        };
        self.pending_sessions
            .clone()
            .and(payload)
            .map(move |pending, payload| Request::new(grants.clone(), pending, payload))
            .boxed()
    }
}

impl fmt::Debug for Luna {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Luna")
            .field("backend", &self.backend)
            .field("body_limit", &self.body_limit)
            .finish_non_exhaustive()
    }
}
