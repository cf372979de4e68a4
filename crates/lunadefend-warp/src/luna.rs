//! The maker of the adapter's routes and filters.

use crate::{
    Extract, Handler, auth_plugin,
    extract::Request,
    payload::payload,
    provider::{PendingSession, pending_sessions},
    recover,
};
use lunadefend_core::{
    Backend, Elements, Error, Granter, Grants, SessionId, Sessions, wire::PageSession,
};
use std::{
    fmt,
    future::{Future, ready},
};
use warp::{Filter, Rejection, filters::BoxedFilter, reply::Response};

/// The same limit as axum's `DefaultBodyLimit`.
const BODY_LIMIT: usize = 2 * 1024 * 1024;

/// Makes the routes from the backend, usually a `LunaDefend`, and the session id provider. Cheap to clone.
#[derive(Clone)]
pub struct Luna {
    backend: Backend,
    pending_sessions: BoxedFilter<(PendingSession,)>,
    body_limit: usize,
}

impl Luna {
    /// Combines the backend, usually a `LunaDefend`, with the session id provider.
    ///
    /// The provider has two parts, as warp has no request value. `picks` is a filter that extracts one value
    /// from the request; pass several as a tuple, by `Filter::map`. `provider` finds the identifier of the
    /// user's session in that value. It returns `Ok(None)` when no user is logged in (a 401), and an error
    /// when it cannot tell (a 500).
    ///
    /// A rejection by the filter is a 500 too. Extract an `Option` of a value that may be absent:
    /// `warp::cookie::optional("session")`, not `warp::cookie("session")`.
    ///
    /// A panic of the function or of its future is a 500. A panic in the filter closes the connection: warp
    /// runs the filters, so the adapter cannot catch it. Let the filter only extract, and do everything that
    /// can fail in the function.
    ///
    /// warp itself has no sessions. With a cookie, whose value is random, 128 bits or more, and new at each
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
    /// If a session crate has a filter that finds the session, pass that filter as `picks`.
    ///
    /// # Security
    /// The provider must return a **new** identifier after every log-in: the tokenizer rejects one that was
    /// ended. It must not trust a header that a browser can set, nor an id that it has not looked up in the
    /// session store: any client can write a cookie. A `Luna` has one provider because all routes must agree
    /// on the session.
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

    /// Like [`Luna::new`], with a synchronous provider: it takes a session that `picks` found, or looks up in
    /// memory.
    ///
    /// It returns `None` when no user is logged in.
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
    /// As for [`Luna::new`]. Use that where the look-up can fail: an unreachable store must be an error, not
    /// an absent user.
    pub fn with_session<F, X, P>(backend: impl Into<Backend>, picks: F, provider: P) -> Self
    where
        F: Filter<Extract = (X,)> + Send + Sync + 'static,
        F::Error: Into<Rejection>,
        X: Send + 'static,
        P: Fn(X) -> Option<SessionId> + Send + Sync + 'static,
    {
        Self::new(backend, picks, move |picked| ready(Ok(provider(picked))))
    }

    /// Sets the largest body that [`Verified`](crate::Verified) reads, in bytes, for routes made afterwards.
    ///
    /// A larger body is a 413. The default is 2 MB (2,097,152).
    #[must_use]
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// Puts the routes of the auth plugin below a path, with or without slashes around it: `"api"`, `"/api/"`.
    ///
    /// The script tag of [`elements`](Self::elements) says so to the browser. A path that a router or a proxy in
    /// front adds is not known here: see [`Elements::below`].
    #[must_use]
    pub fn below(mut self, path: &str) -> Self {
        self.backend = self.backend.below(path);
        self
    }

    /// Returns the two routes of the auth plugin, `/.lunasec/secure-frame` and `/.lunasec/jwks.json`, below
    /// the path matched so far.
    ///
    /// They handle every method themselves and reject all other paths.
    #[must_use]
    pub fn routes(&self) -> BoxedFilter<(Response,)> {
        auth_plugin::routes(&self.backend, &self.pending_sessions)
    }

    /// Makes a route that ends in a handler.
    ///
    /// `route` selects the requests, and extracts the handler's first arguments. `Session`, `Granter` and
    /// `Verified<T>` may follow as further arguments.
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
    /// When `route` rejects a request, another route may take it. When `route` matches, the reply is final: a
    /// failure of the session, the body, a token or the tokenizer becomes the reply of its [`Error`]. Neither
    /// a later catch-all route nor another route's 404 or 405 replaces it. If `route` itself rejects with an
    /// [`Error`], that is the final reply too.
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

    /// Returns a filter that extracts `Session`, `Option<Session>`, `Granter` or `Verified<T>`, for your own
    /// filters, such as one that loads the user.
    ///
    /// Rejects with an [`Error`]: see [`recover`]. Each such filter calls the provider again; a handler calls
    /// it once, whatever its arguments.
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

    /// Returns the handle to create and verify grants, for calls without an extractor.
    #[must_use]
    pub fn grants(&self) -> &Grants {
        self.backend.grants()
    }

    /// Returns a [`Granter`] for a known session: in a WebSocket after the upgrade, or in a test that calls a
    /// handler directly.
    #[must_use]
    pub fn granter(&self, session: &SessionId) -> Granter {
        self.backend.granter(session)
    }

    /// Returns the handle to end sessions at the tokenizer. Call it in the log-out handler.
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
    ///
    /// When the call fails, your own session has ended all the same: remove its cookie in that response too, and log
    /// the error. See [`Sessions::end`].
    #[must_use]
    pub fn sessions(&self) -> &Sessions {
        self.backend.sessions()
    }

    /// Returns what a page needs to have secure fields: the script tag, and the sources of its policy.
    ///
    /// ```
    /// use lunadefend_warp::{Error, Luna, Session};
    /// use warp::{Reply, reply};
    ///
    /// async fn page(luna: Luna, Session(session): Session) -> Result<impl Reply, Error> {
    ///     let elements = luna.elements();
    ///     let (tag, page_session) = (elements.script_tag(), luna.page_session(&session)?);
    ///     let html = format!(
    ///         r#"{tag}
    ///         <form method="post" action="/ssn">
    ///           <label for="ssn">Social security number</label>
    ///           <luna-input id="ssn" name="ssn" kind="ssn" session="{page_session}"></luna-input>
    ///           <button>Save</button>
    ///         </form>"#
    ///     );
    ///     let policy = format!("default-src 'none'; {}", elements.content_security_policy());
    ///     Ok(reply::with_header(reply::html(html), "content-security-policy", policy))
    /// }
    /// ```
    #[must_use]
    pub fn elements(&self) -> &Elements {
        self.backend.elements()
    }

    /// Returns the name of the session for a page rendered for it: see [`Sessions::page_session`].
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
    /// As for [`Sessions::page_session`].
    pub fn page_session(&self, session: &SessionId) -> Result<PageSession, Error> {
        self.sessions().page_session(session)
    }

    /// Extracts the state that the extractors of one handler share. Never rejects.
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
