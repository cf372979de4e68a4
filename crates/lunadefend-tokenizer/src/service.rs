//! The tokenizer as a service: what every request and every answer has in common.

use crate::{
    auth,
    config::{Limits, TokenizerConfig},
    error::ApiError,
    headers::{self, REQUEST_ID, RESOURCE_POLICY, SESSION_HASH},
    jwks::Keys,
    request::{BodyUnread, RequestContext, request_id},
    routes,
};
use axum::{
    Router,
    body::Body,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderValue, Request, Uri, header, uri::PathAndQuery};
use hyper::body::Body as HttpBody;
use lunadefend_core::{BoxError, BoxFuture};
use lunadefend_vault::{Janitor, SystemTimer, Timer, Vault};
use std::{
    convert::Infallible,
    fmt,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::{Instant, timeout};
use tower::{Service, ServiceExt};
use tracing::Instrument;

/// What all routes share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: TokenizerConfig,
    pub(crate) vault: Vault,
    pub(crate) keys: Keys,
    pub(crate) timer: Arc<dyn Timer>,
}

/// The Dedicated Tokenizer: a [`tower::Service`] from requests to answers. Cheap to clone.
///
/// [`serve`](crate::serve) serves it with the limits that an HTTP server must have. Under another
/// server its own limits still hold: on bodies, and on how long an answer may take.
///
/// # Security
/// It never looks at the `Host` header. TLS is the business of what is in front of it.
#[derive(Clone)]
pub struct Tokenizer {
    shared: Arc<Shared>,
    router: Router,
}

impl fmt::Debug for Tokenizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokenizer")
            .field("config", &self.shared.config)
            .finish_non_exhaustive()
    }
}

impl Tokenizer {
    /// Puts the parts together. The clock is the vault's.
    #[must_use]
    pub fn new(config: TokenizerConfig, vault: Vault) -> Self {
        Self::with_timer(config, vault, Arc::new(SystemTimer::default()))
    }

    /// The same with a timer of one's own, for tests.
    #[must_use]
    pub fn with_timer(config: TokenizerConfig, vault: Vault, timer: Arc<dyn Timer>) -> Self {
        let keys = Keys::new(
            config.keys.clone(),
            config.allow_demo_key,
            Arc::clone(vault.clock()),
        );
        let shared = Arc::new(Shared {
            config,
            vault,
            keys,
            timer,
        });
        Self {
            router: routes::router(Arc::clone(&shared)),
            shared,
        }
    }

    /// The limits that it was configured with.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.shared.config.limits
    }

    /// Makes the tokenizer forget the application's key set: for an emergency, when a key that is in it
    /// is in wrong hands. Whoever shows a JWT gets a 503 until the set has been fetched anew, which the
    /// next JWT starts. A fetch that is under way does not count: its answer may be the old set.
    ///
    /// With [`VerificationKeys::Public`](crate::VerificationKeys::Public) there is nothing to forget, and a warning
    /// in the log says so.
    ///
    /// # Security
    /// Have the application publish its new keys first, or the old set is fetched once more. From now on
    /// every fetch of this process tells caches on the way to ask the application; purge a cache that
    /// does not obey. Grants, sessions and signed URLs that were made by the old key stay.
    pub fn drop_keys(&self) {
        if self.shared.keys.drop_set() {
            tracing::warn!("the key set was dropped: it is fetched anew for the next JWT");
        } else {
            tracing::warn!(
                "no key set was dropped: the key is set as SESSION_PUBLIC_KEY, so restart with another one"
            );
        }
    }

    pub(crate) fn janitor(&self) -> Janitor {
        Janitor::new(self.shared.vault.clone(), Arc::clone(&self.shared.timer))
    }

    async fn answer(self, mut request: Request<Body>) -> Response {
        strip_base_path(request.uri_mut(), self.shared.config.public_url.path());
        let notes = RequestContext::default();
        let id = request_id(request.headers());
        let route = routes::label(request.uri().path());
        let is_transfer = routes::is_transfer(request.uri().path());
        let span = tracing::debug_span!(
            "lunadefend.http",
            method = %request.method(),
            route,
            request_id = id.as_ref().and_then(|id| id.to_str().ok()),
        );
        let started = Instant::now();

        let duplicate = request
            .headers()
            .get_all(header::AUTHORIZATION)
            .iter()
            .nth(1)
            .is_some();
        let mut request = request.map(|body| notes.track(body));
        request.extensions_mut().insert(notes.clone());
        let mut response = if duplicate {
            auth::duplicate_authorization().into_response()
        } else {
            let limit = match routes::limits_its_time(&request) {
                true => Duration::MAX,
                false => self.shared.config.limits.request,
            };
            let routed = self.router.oneshot(request).instrument(span.clone());
            match timeout(limit, routed).await {
                Ok(Ok(response)) => response,
                Ok(Err(never)) => match never {},
                Err(_) => ApiError::took_too_long().into_response(),
            }
        };

        span.in_scope(|| {
            tracing::debug!(
                status = response.status().as_u16(),
                elapsed_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
                "answered"
            );
        });
        let headers = response.headers_mut();
        if is_transfer {
            // Refusals too, whoever makes them: else a browser turns them into network errors, and the
            // page's own code fails with them.
            headers.insert(RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
        }
        headers::harden(headers);
        if let Some(id) = id {
            headers.insert(REQUEST_ID, id);
        }
        if let Some(hash) = notes.session_hash() {
            headers.insert(SESSION_HASH, hash.clone());
        }
        if !notes.body_read() {
            // What is left of the body must not be taken for the next request, nor read for nothing.
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
            response.extensions_mut().insert(BodyUnread);
        }
        response
    }
}

impl<B> Service<Request<B>> for Tokenizer
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let tokenizer = self.clone();
        let request = request.map(Body::new);
        Box::pin(async move { Ok(tokenizer.answer(request).await) })
    }
}

/// Takes the path of the public URL off a request's, if the proxy in front has not.
fn strip_base_path(uri: &mut Uri, base: &str) {
    if base.is_empty() {
        return;
    }
    let Some(rest) = uri
        .path_and_query()
        .and_then(|path| path.as_str().strip_prefix(base))
        .filter(|rest| rest.starts_with('/'))
    else {
        return;
    };
    let Ok(rest) = PathAndQuery::try_from(rest) else {
        return;
    };
    let mut parts = std::mem::take(uri).into_parts();
    parts.path_and_query = Some(rest);
    // The parts come from a valid URI; without one the request has no route.
    *uri = Uri::from_parts(parts).unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_path() {
        let strip = |uri: &str, base| {
            let mut uri = uri.parse().unwrap();
            strip_base_path(&mut uri, base);
            uri.to_string()
        };
        assert_eq!(strip("/prod/grant/set?x=1", "/prod"), "/grant/set?x=1");
        assert_eq!(strip("/grant/set?x=1", "/prod"), "/grant/set?x=1");
        assert_eq!(
            strip("/production/grant/set", "/prod"),
            "/production/grant/set"
        );
        assert_eq!(strip("/prod", "/prod"), "/prod");
        assert_eq!(strip("/grant/set", ""), "/grant/set");
        assert_eq!(strip("http://h/prod/health", "/prod"), "http://h/health");
        assert_eq!(strip("*", "/prod"), "*");
    }
}
