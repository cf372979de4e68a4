//! The tokenizer as a service.

use crate::{
    activity::Activity,
    config::{Limits, TokenizerConfig},
    jwks::Keys,
    router,
    state::Shared,
};
use axum::{Router, response::Response};
use bytes::Bytes;
use http::Request;
use hyper::body::Body as HttpBody;
use lunadefend_core::provider::{BoxError, BoxFuture};
use lunadefend_vault::{Janitor, SystemTimer, Timer, Vault};
use std::{
    convert::Infallible,
    fmt,
    sync::Arc,
    task::{Context, Poll},
};
use tower::Service;

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
        let activity = Activity::new(timer.monotonic());
        let shared = Arc::new(Shared {
            config,
            vault,
            keys,
            timer,
            activity,
        });
        Self {
            router: router::public(&shared),
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

    pub(crate) fn activity(&self) -> &Activity {
        &self.shared.activity
    }

    /// The operator's routes, for the admin socket.
    #[cfg(unix)]
    pub(crate) fn admin(&self) -> Router {
        router::admin(&self.shared)
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
        Box::pin(self.router.call(request))
    }
}
