//! The state of the adapter and the routes of the auth plugin.

use crate::{Granter, LocalBoxFuture, convert};
use actix_web::{
    HttpMessage, HttpRequest, HttpResponse,
    web::{self, Data, ServiceConfig},
};
use futures_util::lock::Mutex;
use lunadefend_core::{
    Backend, Error, ErrorKind, Grants, SessionId, Sessions,
    adapter::{AuthPlugin, into_actix, resolve_session},
    wire::PageSession,
};
use std::{fmt, future::ready, rc::Rc, sync::Arc};

type Provider =
    dyn Fn(&HttpRequest) -> LocalBoxFuture<Result<Option<SessionId>, Error>> + Send + Sync;

/// The state that the extractors need: the backend, usually a `LunaDefend`, and the session id provider.
///
/// [`Luna::routes`] puts it into the application; handlers may take it as a `web::Data<Luna>`. Cheap
/// to clone: make one, and clone it into the factory that every worker runs.
#[derive(Clone)]
pub struct Luna {
    backend: Backend,
    provider: Arc<Provider>,
}

/// The session of a request, once found: several extractors of one handler ask for it, and actix-web
/// runs them side by side.
struct Resolved {
    session: Rc<Mutex<Option<SessionId>>>,
    by: Arc<Provider>,
}

impl Luna {
    /// Joins the backend, usually a `LunaDefend`, with the session id provider.
    ///
    /// The provider gets a request and finds the identifier of the user's session: `Ok(None)` when
    /// nobody is logged in (a 401), an error when it cannot tell (a 500). It clones what it needs
    /// out of the request before its future starts; the future need not be `Send`. A panic in it is
    /// a 500.
    ///
    /// With [actix-session](https://docs.rs/actix-session), which tells nobody its own id: put one into the
    /// session, new at each log-in. What stands in the session was asked of the store.
    ///
    /// ```
    /// use actix_session::{Session, SessionExt, SessionInsertError};
    /// use lunadefend_actix::Luna;
    /// use lunadefend_core::{Error, Backend, SessionId};
    ///
    /// fn luna(backend: Backend) -> Luna {
    ///     Luna::new(backend, |request| {
    ///         let id = request.get_session().get::<String>("luna");
    ///         async move {
    ///             let id = id.map_err(|cause| {
    ///                 Error::session_provider("the session cannot be read").with_source(cause)
    ///             })?;
    ///             id.map(SessionId::new).transpose()
    ///         }
    ///     })
    /// }
    ///
    /// /// At log-in. The id is random: 128 bits or more.
    /// fn log_in(session: &Session, user: &str, new_id: &str) -> Result<(), SessionInsertError> {
    ///     session.renew();
    ///     session.insert("user", user)?;
    ///     session.insert("luna", new_id)
    /// }
    /// ```
    ///
    /// With a cookie of your own, whose value is random, 128 bits or more, and new at each log-in (actix-web's
    /// feature `cookies`):
    ///
    /// ```
    /// use lunadefend_actix::Luna;
    /// use lunadefend_core::{Error, Backend, SessionId};
    /// # #[derive(Clone)]
    /// # struct Store;
    /// # impl Store {
    /// #     async fn is_live(&self, _: &str) -> Result<bool, std::io::Error> { Ok(true) }
    /// # }
    ///
    /// fn luna(backend: Backend, store: Store) -> Luna {
    ///     Luna::new(backend, move |request| {
    ///         let (store, cookie) = (store.clone(), request.cookie("session"));
    ///         async move {
    ///             let Some(cookie) = cookie else { return Ok(None) };
    ///             let live = store.is_live(cookie.value()).await.map_err(|cause| {
    ///                 Error::session_provider("the session store failed").with_source(cause)
    ///             })?;
    ///             live.then(|| SessionId::new(cookie.value())).transpose()
    ///         }
    ///     })
    /// }
    /// ```
    ///
    /// # Security
    /// It must find a **new** identifier after every log-in: one that was ended counts no more. It must
    /// not trust a header that a browser can set, nor an id that the session store was not asked about:
    /// anybody can write a cookie. The same provider must serve the routes and the extractors, which is
    /// why there is one.
    pub fn new<P, F>(backend: impl Into<Backend>, provider: P) -> Self
    where
        P: Fn(&HttpRequest) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Option<SessionId>, Error>> + 'static,
    {
        Self {
            backend: backend.into(),
            provider: Arc::new(move |request| Box::pin(provider(request))),
        }
    }

    /// Does the same, with a session id provider that finds the session in the request alone: what a
    /// middleware put into its extensions, or a look-up in memory. `None` when nobody is logged in.
    ///
    /// ```
    /// use actix_web::HttpMessage;
    /// use lunadefend_actix::Luna;
    /// use lunadefend_core::{Backend, SessionId};
    ///
    /// /// Put into the extensions by the application's own log-in middleware.
    /// struct LoggedIn {
    ///     session: SessionId,
    /// }
    ///
    /// fn luna(backend: Backend) -> Luna {
    ///     Luna::with_session(backend, |request| {
    ///         let extensions = request.extensions();
    ///         let logged_in = extensions.get::<LoggedIn>()?;
    ///         Some(logged_in.session.clone())
    ///     })
    /// }
    /// ```
    ///
    /// # Security
    /// As [`Luna::new`]. Where the look-up can fail, that one is right: a store that is down is not nobody.
    pub fn with_session<P>(backend: impl Into<Backend>, provider: P) -> Self
    where
        P: Fn(&HttpRequest) -> Option<SessionId> + Send + Sync + 'static,
    {
        Self::new(backend, move |request| ready(Ok(provider(request))))
    }

    /// Returns the two routes of the auth plugin, `/.lunasec/secure-frame` and `/.lunasec/jwks.json`, and
    /// this state for the extractors: `configure` an `App` or a `web::Scope` with them.
    ///
    /// What is configured on a scope is for the handlers of that scope only. Others need the state
    /// by `app_data(web::Data::new(luna.clone()))`.
    pub fn routes(&self) -> impl Fn(&mut ServiceConfig) + Clone + use<> {
        self.routes_at("")
    }

    /// Returns the same below a base path, with or without slashes around it: `"api"`, `"/api/"`.
    pub fn routes_at(&self, base: &str) -> impl Fn(&mut ServiceConfig) + Clone + use<> {
        let base = match base.trim_matches('/') {
            "" => String::new(),
            base => format!("/{base}"),
        };
        let luna = self.clone();
        move |config| {
            let (frame, jwks) = (luna.clone(), luna.clone());
            config
                .app_data(Data::new(luna.clone()))
                .service(
                    web::resource(format!("{base}{}", AuthPlugin::SECURE_FRAME_PATH)).to(
                        move |request: HttpRequest| {
                            let luna = frame.clone();
                            async move { luna.secure_frame(&request).await }
                        },
                    ),
                )
                .service(
                    web::resource(format!("{base}{}", AuthPlugin::JWKS_PATH)).to(
                        move |request: HttpRequest| {
                            let luna = jwks.clone();
                            async move { luna.jwks(&request).await }
                        },
                    ),
                );
        }
    }

    async fn secure_frame(&self, request: &HttpRequest) -> HttpResponse {
        let head = convert::method(request.method())
            .and_then(|method| Ok((method, convert::headers(request.headers())?)));
        into_actix(match head {
            Ok((method, headers)) => {
                let session = || (self.provider)(request);
                let (plugin, query) = (self.backend.auth_plugin(), request.uri().query());
                plugin.secure_frame(&method, query, &headers, session).await
            }
            Err(error) => AuthPlugin::secure_frame_refusal(&error),
        })
    }

    async fn jwks(&self, request: &HttpRequest) -> Result<HttpResponse, Error> {
        let method = convert::method(request.method())?;
        let headers = convert::headers(request.headers())?;
        let response = self.backend.auth_plugin().jwks(&method, &headers).await;
        Ok(into_actix(response))
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
        Granter(self.backend.granter(session))
    }

    /// Ends sessions at the tokenizer: one call in the handler that logs a user out.
    ///
    /// ```
    /// use actix_web::{HttpResponse, web::Data};
    /// use lunadefend_actix::{Error, Luna, Session};
    ///
    /// async fn log_out(luna: Data<Luna>, Session(session): Session) -> Result<HttpResponse, Error> {
    ///     // First your own session, then:
    ///     luna.sessions().end(&session).await?;
    ///     Ok(HttpResponse::NoContent().finish())
    /// }
    /// # let _ = actix_web::web::post().to(log_out);
    /// ```
    #[must_use]
    pub fn sessions(&self) -> &Sessions {
        self.backend.sessions()
    }

    /// Names the session to a page that is made for it: see [`Sessions::page_session`].
    ///
    /// ```
    /// use actix_web::web::{Data, Html};
    /// use lunadefend_actix::{Error, Luna, Session};
    ///
    /// async fn page(luna: Data<Luna>, Session(session): Session) -> Result<Html, Error> {
    ///     let page_session = luna.page_session(&session)?;
    ///     let field = format!(r#"<luna-input name="ssn_token" session="{page_session}"></luna-input>"#);
    ///     Ok(Html::new(field))
    /// }
    /// # let _ = actix_web::web::get().to(page);
    /// ```
    ///
    /// # Errors
    /// As that one.
    pub fn page_session(&self, session: &SessionId) -> Result<PageSession, Error> {
        self.sessions().page_session(session)
    }

    /// Returns the state of the application that serves a request.
    pub(crate) fn of(request: &HttpRequest) -> Result<&Self, Error> {
        request
            .app_data::<Data<Self>>()
            .map(Data::get_ref)
            .ok_or_else(|| {
                Error::new(ErrorKind::Internal).with_source(
                    "no Luna for this handler: add `.configure(luna.routes())` or `.app_data(web::Data::new(luna.clone()))` to the App or Scope that the handler is in",
                )
            })
    }

    /// Finds the session of a request, asking the provider once for each request.
    pub(crate) async fn session(&self, request: &HttpRequest) -> Result<SessionId, Error> {
        let known = self.resolved(request);
        let mut known = known.lock().await;
        if let Some(session) = &*known {
            return Ok(session.clone());
        }
        let session = resolve_session(|| (self.provider)(request)).await?;
        Ok(known.insert(session).clone())
    }

    fn resolved(&self, request: &HttpRequest) -> Rc<Mutex<Option<SessionId>>> {
        // A provider that is under way may hold the extensions borrowed: they are borrowed mutably
        // only before it is asked.
        if let Some(resolved) = request.extensions().get::<Resolved>()
            && Arc::ptr_eq(&resolved.by, &self.provider)
        {
            return Rc::clone(&resolved.session);
        }
        let session = Rc::default();
        request.extensions_mut().insert(Resolved {
            session: Rc::clone(&session),
            by: Arc::clone(&self.provider),
        });
        session
    }
}

impl fmt::Debug for Luna {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Luna")
            .field("backend", &self.backend)
            .finish_non_exhaustive()
    }
}
