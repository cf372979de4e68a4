//! The state of the adapter and the routes of the auth plugin.

use crate::error::into_axum;
use axum::{Router, extract::Request, response::Response, routing::any};
use http::request::Parts;
use lunadefend_core::{
    AuthPlugin, BoxFuture, Error, Grants, Handles, SessionId, Sessions, resolve_session,
    wire::PageSession,
};
use std::{fmt, future::Future, sync::Arc};

type Provider =
    dyn Fn(&Parts) -> BoxFuture<'static, Result<Option<SessionId>, Error>> + Send + Sync;

/// The state that the extractors need: the handles of a `LunaDefend`, and the session id provider.
///
/// Put it into the state of the router, alone or as a field with `#[derive(FromRef)]`. Cheap to clone.
#[derive(Clone)]
pub struct Luna {
    handles: Handles,
    provider: Arc<Provider>,
}

/// The session of a request, once found: several extractors of one handler ask for it.
#[derive(Clone)]
struct Resolved {
    session: SessionId,
    by: Arc<Provider>,
}

impl Luna {
    /// Joins the handles, usually a `LunaDefend`, with the session id provider.
    ///
    /// The provider gets the head of a request and finds the identifier of the user's session:
    /// `Ok(None)` when nobody is logged in (a 401), an error when it cannot tell (a 500). It copies
    /// what it needs out of the head before its future starts. A panic in it is a 500.
    ///
    /// # Security
    /// It must find a **new** identifier after every log-in, and must not trust a header that a
    /// browser can set. The same provider must serve the routes and the extractors, which is why
    /// there is one.
    pub fn new<P, F>(handles: impl Into<Handles>, provider: P) -> Self
    where
        P: Fn(&Parts) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Option<SessionId>, Error>> + Send + 'static,
    {
        Self {
            handles: handles.into(),
            provider: Arc::new(move |parts| Box::pin(provider(parts))),
        }
    }

    /// The two routes of the auth plugin, `/.lunasec/secure-frame` and `/.lunasec/jwks.json`: `merge`
    /// them at the root or `nest` them.
    pub fn routes<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        self.routes_at("")
    }

    /// The same below a base path, with or without slashes around it: `"api"`, `"/api/"`.
    pub fn routes_at<S: Clone + Send + Sync + 'static>(&self, base: &str) -> Router<S> {
        let base = match base.trim_matches('/') {
            "" => String::new(),
            base => format!("/{base}"),
        };
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
        into_axum(
            self.handles
                .auth_plugin()
                .secure_frame(&parts.method, parts.uri.query(), &parts.headers, session)
                .await,
        )
    }

    async fn jwks(&self, request: Request) -> Response {
        let plugin = self.handles.auth_plugin();
        into_axum(plugin.jwks(request.method(), request.headers()).await)
    }

    /// Creates and verifies grants, for calls without an extractor.
    #[must_use]
    pub fn grants(&self) -> &Grants {
        self.handles.grants()
    }

    /// Ends sessions at the tokenizer: one call in the handler that logs a user out.
    #[must_use]
    pub fn sessions(&self) -> &Sessions {
        self.handles.sessions()
    }

    /// Names the session to a page that is made for it: see [`Sessions::page_session`].
    ///
    /// # Errors
    /// As that one.
    pub fn page_session(&self, session: &SessionId) -> Result<PageSession, Error> {
        self.sessions().page_session(session)
    }

    /// Finds the session of a request, asking the provider once for each request.
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
            .field("handles", &self.handles)
            .finish_non_exhaustive()
    }
}
