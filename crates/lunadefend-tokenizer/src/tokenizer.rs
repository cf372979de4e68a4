//! The tokenizer as a service.

use crate::{
    activity::Activity,
    advice,
    assets::Assets,
    config::{Limits, TokenizerConfig},
    deletions::Deletions,
    jwks::Keys,
    metrics::Metrics,
    rates::Rates,
    readiness::Readiness,
    router::Routes,
    state::Shared,
};
use axum::response::Response;
use bytes::Bytes;
use http::Request;
use hyper::body::Body as HttpBody;
use lunadefend_audit::{Act, Audit, Record, Who};
use lunadefend_core::provider::{BoxError, BoxFuture};
use lunadefend_vault::{Janitor, SystemTimer, Timer, Vault};
use std::{
    convert::Infallible,
    fmt,
    sync::Arc,
    task::{Context, Poll},
};
use tower::Service;

/// The Dedicated Tokenizer: a [`tower::Service`] from requests to responses. Cheap to clone.
///
/// [`serve`](crate::serve) serves it with the limits that an HTTP server must have. Under another server its
/// own limits still hold: on bodies, and on the time until a response.
///
/// # Security
/// It ignores the `Host` header. Serve it with [`serve_tls`](crate::serve_tls), or put a proxy with TLS in front of it.
#[derive(Clone)]
pub struct Tokenizer {
    shared: Arc<Shared>,
    routes: Routes,
}

impl fmt::Debug for Tokenizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokenizer")
            .field("config", &self.shared.config)
            .finish_non_exhaustive()
    }
}

impl Tokenizer {
    /// Makes a tokenizer of its configuration and vault. The clock is the vault's. The log has a warning when there
    /// is no `/frame`, or when there are several auth providers.
    #[must_use]
    pub fn new(config: TokenizerConfig, vault: Vault) -> Self {
        Self::with_timer(config, vault, Arc::new(SystemTimer::default()))
    }

    /// Makes a tokenizer as [`new`](Self::new) does, with a custom timer, for tests.
    #[must_use]
    pub fn with_timer(config: TokenizerConfig, vault: Vault, timer: Arc<dyn Timer>) -> Self {
        advice::warn(&config);
        let keys = Keys::new(&config, Arc::clone(vault.clock()));
        let activity = Activity::new(timer.monotonic());
        let vault = vault.with_masks(config.values.masks);
        let shared = Arc::new(Shared {
            assets: Assets::new(&config),
            deletions: Deletions::new(config.limits.deletes_per_hour),
            rates: Rates::new(&config.limits, &timer),
            metrics: Metrics::new(&config.limits),
            config,
            vault,
            keys,
            timer,
            activity,
            readiness: Readiness::default(),
        });
        Self {
            routes: Routes::public(&shared),
            shared,
        }
    }

    /// Returns the configured limits.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.shared.config.limits
    }

    /// Makes the tokenizer forget the application's key set: for an emergency, when one of its keys has
    /// leaked. The next JWT starts a new fetch; until it succeeds, requests with a JWT get a 503. A fetch
    /// that is already running does not count: its response may be the old set.
    ///
    /// With [`VerificationKeys::Public`](crate::VerificationKeys::Public) nothing is forgotten, and the log
    /// has a warning.
    ///
    /// # Security
    /// Have the application publish its new keys first; otherwise the tokenizer fetches the old set again.
    /// From now on every fetch of this process tells caches on the way to ask the application; purge a cache
    /// that does not obey. Grants, sessions and signed URLs that were made by the old key stay.
    pub fn drop_keys(&self) {
        if let Some(audit) = &self.shared.config.audit {
            audit.note(Record {
                act: Act::DropKeys,
                by: Who::Operator,
                session: None,
                status: None,
                request: None,
                items: Vec::new(),
            });
        }
        if self.shared.keys.drop_set() {
            tracing::warn!("the key set was dropped: it is fetched anew for the next JWT");
        } else {
            tracing::warn!(
                "no key set was dropped: the key is set as SESSION_PUBLIC_KEY, so restart with another one"
            );
        }
    }

    pub(crate) fn audit(&self) -> Option<&Audit> {
        self.shared.config.audit.as_ref()
    }

    /// Makes `/ready` respond with 503 from now on, so that balancers send no more requests. All else is served as
    /// before, until [`serve`](crate::serve) is told to stop.
    pub fn begin_drain(&self) {
        self.shared.readiness.begin_drain();
    }

    pub(crate) fn activity(&self) -> &Activity {
        &self.shared.activity
    }

    /// Returns the operator's routes, for the admin socket.
    #[cfg(unix)]
    pub(crate) fn admin(&self) -> Routes {
        Routes::admin(&self.shared)
    }

    /// Returns the route of the metrics, for their address.
    pub(crate) fn scraped(&self) -> Routes {
        Routes::metrics(&self.shared)
    }

    /// Runs a round of deletion.
    pub(crate) async fn clean(&self, janitor: &Janitor) {
        let metrics = &self.shared.metrics;
        match janitor.round().await {
            Ok(cleaned) => {
                tracing::debug!(?cleaned, "deleted what has expired");
                let now = self.shared.vault.clock().unix_millis();
                metrics.swept(cleaned.rows, cleaned.blobs, now);
            }
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "what has expired was not deleted"
                );
                metrics.sweep_failed();
            }
        }
    }

    pub(crate) fn janitor(&self) -> Janitor {
        Janitor::new(self.shared.vault.clone(), Arc::clone(&self.shared.timer))
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
        self.routes.call(request)
    }
}
