//! The state of the adapter and the routes of the auth plugin.

use crate::Granter;
use axum::{Router, body::Body, extract::Request, response::Response, routing::any};
use http::request::Parts;
use lunadefend_core::{
    Backend, Elements, Error, Grants, SessionId, Sessions,
    adapter::{AuthPlugin, resolve_session},
    provider::BoxFuture,
    wire::PageSession,
};
use std::{
    fmt,
    future::{Future, ready},
    sync::Arc,
};

type Provider =
    dyn Fn(&Parts) -> BoxFuture<'static, Result<Option<SessionId>, Error>> + Send + Sync;

/// The state of the extractors: the backend, usually a `LunaDefend`, and the session id provider.
///
/// Put it into the state of the router, alone or as a field with `#[derive(FromRef)]`. Cheap to clone.
#[derive(Clone)]
pub struct Luna {
    backend: Backend,
    provider: Arc<Provider>,
}

/// The session of a request, cached: several extractors of one handler need it.
#[derive(Clone)]
struct Resolved {
    session: SessionId,
    by: Arc<Provider>,
}

impl Luna {
    /// Combines the backend, usually a `LunaDefend`, with the session id provider.
    ///
    /// The provider takes the head of a request and finds the identifier of the user's session. It returns
    /// `Ok(None)` when no user is logged in (a 401), and an error when it cannot tell (a 500). It copies what
    /// it needs from the head before its future starts. A panic in it is a 500.
    ///
    /// With [tower-sessions](https://docs.rs/tower-sessions), `Session::id()` is the cookie's value, **not
    /// yet looked up in the store**. Only a value from the store proves a log-in:
    ///
    /// ```
    /// use lunadefend_axum::Luna;
    /// use lunadefend_core::{Error, Backend, SessionId};
    /// use tower_sessions::Session;
    ///
    /// fn luna(backend: Backend) -> Luna {
    ///     Luna::new(backend, |parts| {
    ///         let session = parts.extensions.get::<Session>().cloned();
    ///         async move {
    ///             let session = session.ok_or_else(|| Error::session_provider("no session layer"))?;
    ///             let user: Option<String> = session.get("user").await.map_err(|cause| {
    ///                 Error::session_provider("the session store failed").with_source(cause)
    ///             })?;
    ///             let id = user.and(session.id());
    ///             id.map(|id| SessionId::new(id.to_string())).transpose()
    ///         }
    ///     })
    /// }
    ///
    /// /// At log-in: a new id.
    /// async fn log_in(session: Session, user: &str) -> Result<(), tower_sessions::session::Error> {
    ///     session.cycle_id().await?;
    ///     session.insert("user", user).await
    /// }
    /// ```
    ///
    /// With your own cookie, whose value is random, 128 bits or more, and new at each log-in:
    ///
    /// ```
    /// use axum::http::{HeaderMap, header};
    /// use lunadefend_axum::Luna;
    /// use lunadefend_core::{Error, Backend, SessionId};
    /// # #[derive(Clone)]
    /// # struct Store;
    /// # impl Store {
    /// #     async fn is_live(&self, _: &str) -> Result<bool, std::io::Error> { Ok(true) }
    /// # }
    ///
    /// fn luna(backend: Backend, store: Store) -> Luna {
    ///     Luna::new(backend, move |parts| {
    ///         let (store, id) = (store.clone(), cookie(&parts.headers, "session"));
    ///         async move {
    ///             let Some(id) = id else { return Ok(None) };
    ///             let live = store.is_live(&id).await.map_err(|cause| {
    ///                 Error::session_provider("the session store failed").with_source(cause)
    ///             })?;
    ///             live.then(|| SessionId::new(id)).transpose()
    ///         }
    ///     })
    /// }
    ///
    /// fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    ///     let headers = headers.get_all(header::COOKIE).into_iter();
    ///     let mut pairs = headers
    ///         .filter_map(|value| value.to_str().ok())
    ///         .flat_map(|cookies| cookies.split(';'))
    ///         .filter_map(|cookie| cookie.trim().split_once('='));
    ///     pairs.find(|(found, _)| *found == name).map(|(_, value)| value.to_owned())
    /// }
    /// ```
    ///
    /// # Security
    /// The provider must return a **new** identifier after every log-in: the tokenizer rejects one that was
    /// ended. It must not trust a header that a browser can set, nor an id that it has not looked up in the
    /// session store: any client can write a cookie. A `Luna` has one provider because the routes and the
    /// extractors must agree on the session.
    pub fn new<P, F>(backend: impl Into<Backend>, provider: P) -> Self
    where
        P: Fn(&Parts) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Option<SessionId>, Error>> + Send + 'static,
    {
        Self {
            backend: backend.into(),
            provider: Arc::new(move |parts| Box::pin(provider(parts))),
        }
    }

    /// Like [`Luna::new`], with a synchronous provider: it reads an extension that a middleware set, or looks
    /// up in memory.
    ///
    /// It returns `None` when no user is logged in.
    ///
    /// ```
    /// use lunadefend_axum::Luna;
    /// use lunadefend_core::{Backend, SessionId};
    ///
    /// /// Put into the extensions by the application's own log-in middleware.
    /// #[derive(Clone)]
    /// struct LoggedIn {
    ///     session: SessionId,
    /// }
    ///
    /// fn luna(backend: Backend) -> Luna {
    ///     Luna::with_session(backend, |parts| {
    ///         let logged_in = parts.extensions.get::<LoggedIn>()?;
    ///         Some(logged_in.session.clone())
    ///     })
    /// }
    /// ```
    ///
    /// # Security
    /// As for [`Luna::new`]. Use that where the look-up can fail: an unreachable store must be an error, not
    /// an absent user.
    pub fn with_session<P>(backend: impl Into<Backend>, provider: P) -> Self
    where
        P: Fn(&Parts) -> Option<SessionId> + Send + Sync + 'static,
    {
        Self::new(backend, move |parts| ready(Ok(provider(parts))))
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

    /// Returns the two routes of the auth plugin, `/.lunasec/secure-frame` and `/.lunasec/jwks.json`: `merge`
    /// them into the router.
    pub fn routes<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        let base = self.elements().plugin_base();
        let (frame, jwks) = (self.clone(), self.clone());
        Router::new()
            .route(
                &format!("{base}{}", AuthPlugin::SECURE_FRAME_PATH),
                any(move |request| async move { frame.secure_frame(request).await }),
            )
            .route(
                &format!("{base}{}", AuthPlugin::JWKS_PATH),
                any(move |request| async move { jwks.jwks(request).await }),
            )
    }

    async fn secure_frame(&self, request: Request) -> Response {
        let (parts, _) = request.into_parts();
        let session = || (self.provider)(&parts);
        self.backend
            .auth_plugin()
            .secure_frame(&parts.method, parts.uri.query(), &parts.headers, session)
            .await
            .map(Body::from)
    }

    async fn jwks(&self, request: Request) -> Response {
        let plugin = self.backend.auth_plugin();
        let response = plugin.jwks(request.method(), request.headers()).await;
        response.map(Body::from)
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
        Granter(self.backend.granter(session))
    }

    /// Returns the handle to end sessions at the tokenizer. Call it in the log-out handler.
    ///
    /// ```
    /// use axum::extract::State;
    /// use lunadefend_axum::{Error, Luna, Session};
    ///
    /// async fn log_out(State(luna): State<Luna>, Session(session): Session) -> Result<(), Error> {
    ///     // First your own session, then:
    ///     luna.sessions().end(&session).await
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
    /// use axum::{extract::State, http::header, response::{Html, IntoResponse}};
    /// use lunadefend_axum::{Error, Luna, Session};
    ///
    /// async fn page(
    ///     State(luna): State<Luna>,
    ///     Session(session): Session,
    /// ) -> Result<impl IntoResponse, Error> {
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
    ///     Ok(([(header::CONTENT_SECURITY_POLICY, policy)], Html(html)))
    /// }
    /// ```
    #[must_use]
    pub fn elements(&self) -> &Elements {
        self.backend.elements()
    }

    /// Returns the name of the session for a page rendered for it: see [`Sessions::page_session`].
    ///
    /// ```
    /// use axum::{extract::State, response::Html};
    /// use lunadefend_axum::{Error, Luna, Session};
    ///
    /// async fn page(State(luna): State<Luna>, Session(session): Session) -> Result<Html<String>, Error> {
    ///     let page_session = luna.page_session(&session)?;
    ///     let field = format!(r#"<luna-input name="ssn_token" session="{page_session}"></luna-input>"#);
    ///     Ok(Html(field))
    /// }
    /// ```
    ///
    /// # Errors
    /// As for [`Sessions::page_session`].
    pub fn page_session(&self, session: &SessionId) -> Result<PageSession, Error> {
        self.sessions().page_session(session)
    }

    /// Finds the session of a request; calls the provider at most once for each request.
    pub(crate) async fn session(&self, parts: &mut Parts) -> Result<SessionId, Error> {
        if let Some(resolved) = parts.extensions.get::<Resolved>()
            && Arc::ptr_eq(&resolved.by, &self.provider)
        {
            return Ok(resolved.session.clone());
        }
        let session = resolve_session(|| (self.provider)(parts)).await?;
        parts.extensions.insert(Resolved {
            session: session.clone(),
            by: Arc::clone(&self.provider),
        });
        Ok(session)
    }
}

impl fmt::Debug for Luna {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Luna")
            .field("backend", &self.backend)
            .finish_non_exhaustive()
    }
}
