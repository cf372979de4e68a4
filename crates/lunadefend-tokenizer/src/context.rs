//! The context of a request, beside the request itself.

use http::HeaderValue;
use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering},
};

/// The context that layers and extractors of one request share, as its extension.
#[derive(Clone, Debug, Default)]
pub(crate) struct RequestContext(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    request_id: Option<HeaderValue>,
    session_hash: OnceLock<HeaderValue>,
    by_jwt: AtomicBool,
}

impl RequestContext {
    pub(crate) fn new(request_id: Option<HeaderValue>) -> Self {
        Self(Arc::new(Inner {
            request_id,
            ..Inner::default()
        }))
    }

    /// Returns the context of a request. One that came past the layer that makes it has an empty one.
    pub(crate) fn of<B>(request: &http::Request<B>) -> Self {
        let context = request.extensions().get::<Self>();
        context.cloned().unwrap_or_default()
    }

    pub(crate) fn request_id(&self) -> Option<&HeaderValue> {
        self.0.request_id.as_ref()
    }

    /// Says that the caller has shown a JWT of the application.
    pub(crate) fn set_by_jwt(&self) {
        self.0.by_jwt.store(true, Ordering::Relaxed);
    }

    /// Returns whether the caller has shown a JWT of the application that is good for the route.
    pub(crate) fn is_by_jwt(&self) -> bool {
        self.0.by_jwt.load(Ordering::Relaxed)
    }

    /// Makes the response carry the session's hash, whatever the outcome of the request.
    pub(crate) fn send_session_hash(&self, hash: HeaderValue) {
        // Set by the one admission of a request; a second value would be the same.
        let _ = self.0.session_hash.set(hash);
    }

    pub(crate) fn session_hash(&self) -> Option<&HeaderValue> {
        self.0.session_hash.get()
    }
}
