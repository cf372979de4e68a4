//! The state of the adapter and the routes of the auth plugin.

use crate::{Granter, LocalBoxFuture, convert};
use actix_web::{
    HttpMessage, HttpRequest, HttpResponse,
    web::{self, Data, ServiceConfig},
};
use futures_util::lock::Mutex;
use lunadefend_core::{
    Backend, Elements, Error, ErrorKind, Grants, SessionId, Sessions,
    adapter::{AuthPlugin, into_actix, resolve_session},
    wire::PageSession,
};
use std::{fmt, future::ready, rc::Rc, sync::Arc};

type Provider =
    dyn Fn(&HttpRequest) -> LocalBoxFuture<Result<Option<SessionId>, Error>> + Send + Sync;

/// The state of the extractors: the backend, usually a `LunaDefend`, and the session id provider.
///
/// [`Luna::routes`] registers it in the application; handlers may take it as a `web::Data<Luna>`. Cheap to
/// clone: make one, and clone it into the factory that each worker runs.
#[derive(Clone)]
pub struct Luna {
    backend: Backend,
    provider: Arc<Provider>,
}

/// The session of a request, cached: several extractors of one handler need it, and actix-web runs them
/// concurrently.
struct Resolved {
    session: Rc<Mutex<Option<SessionId>>>,
    by: Arc<Provider>,
}

impl Luna {
    /// Combines the backend, usually a `LunaDefend`, with the session id provider.
    ///
    /// The provider takes a request and finds the identifier of the user's session. It returns `Ok(None)`
    /// when no user is logged in (a 401), and an error when it cannot tell (a 500). It clones what it needs
    /// from the request before its future starts; the future need not be `Send`. A panic in it is a 500.
    ///
    /// With [actix-session](https://docs.rs/actix-session), which does not expose its own id: put an id into
    /// the session, new at each log-in. The values of a session come from the store.
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
    /// With your own cookie, whose value is random, 128 bits or more, and new at each log-in (actix-web's
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
    /// The provider must return a **new** identifier after every log-in: the tokenizer rejects one that was
    /// ended. It must not trust a header that a browser can set, nor an id that it has not looked up in the
    /// session store: any client can write a cookie. A `Luna` has one provider because the routes and the
    /// extractors must agree on the session.
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

    /// Like [`Luna::new`], with a synchronous provider: it reads an extension that a middleware set, or looks
    /// up in memory.
    ///
    /// It returns `None` when no user is logged in.
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
    /// As for [`Luna::new`]. Use that where the look-up can fail: an unreachable store must be an error, not
    /// an absent user.
    pub fn with_session<P>(backend: impl Into<Backend>, provider: P) -> Self
    where
        P: Fn(&HttpRequest) -> Option<SessionId> + Send + Sync + 'static,
    {
        Self::new(backend, move |request| ready(Ok(provider(request))))
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

    /// Returns the two routes of the auth plugin, `/.lunasec/secure-frame` and `/.lunasec/jwks.json`, and
    /// this state for the extractors: `configure` an `App` or a `web::Scope` with them.
    ///
    /// A scope's configuration applies only to its own handlers. For other handlers, register the state by
    /// `app_data(web::Data::new(luna.clone()))`.
    pub fn routes(&self) -> impl Fn(&mut ServiceConfig) + Clone + use<> {
        let luna = self.clone();
        move |config| {
            let base = luna.elements().plugin_base();
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
    /// use actix_web::{HttpResponse, http::header, web::Data};
    /// use lunadefend_actix::{Error, Luna, Session};
    ///
    /// async fn page(luna: Data<Luna>, Session(session): Session) -> Result<HttpResponse, Error> {
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
    ///     Ok(HttpResponse::Ok()
    ///         .insert_header((header::CONTENT_SECURITY_POLICY, policy))
    ///         .content_type("text/html; charset=utf-8")
    ///         .body(html))
    /// }
    /// # let _ = actix_web::web::get().to(page);
    /// ```
    #[must_use]
    pub fn elements(&self) -> &Elements {
        self.backend.elements()
    }

    /// Returns the name of the session for a page rendered for it: see [`Sessions::page_session`].
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
    /// As for [`Sessions::page_session`].
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

    /// Finds the session of a request; calls the provider at most once for each request.
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
        // A running provider may hold a borrow of the extensions, so borrow them mutably only before it is
        // called.
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
