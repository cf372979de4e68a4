//! What is known about a request beside the request itself.

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use lunadefend_crypto::{hex, random_bytes};
use std::{
    pin::Pin,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use crate::headers::{REQUEST_ID, single};

/// An extension of an answer: some of its request's body was not read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BodyUnread;

/// Shared by the service and the extractors of one request.
#[derive(Clone, Debug, Default)]
pub(crate) struct RequestContext(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    session_hash: OnceLock<HeaderValue>,
    body_read: AtomicBool,
}

impl RequestContext {
    /// Has the answer carry the session's hash, whatever becomes of the request.
    pub(crate) fn send_session_hash(&self, hash: HeaderValue) {
        // Set by the one extractor of a route; a second value would be the same.
        let _ = self.0.session_hash.set(hash);
    }

    pub(crate) fn session_hash(&self) -> Option<&HeaderValue> {
        self.0.session_hash.get()
    }

    /// Whether the whole body has been read.
    pub(crate) fn body_read(&self) -> bool {
        self.0.body_read.load(Ordering::Relaxed)
    }

    /// Wraps a body so that its end is noticed.
    pub(crate) fn track(&self, body: Body) -> Body {
        let tracked = Tracked {
            body,
            notes: self.clone(),
        };
        tracked.look();
        Body::new(tracked)
    }
}

struct Tracked {
    body: Body,
    notes: RequestContext,
}

impl Tracked {
    fn look(&self) {
        if self.body.is_end_stream() {
            self.ended();
        }
    }

    fn ended(&self) {
        self.notes.0.body_read.store(true, Ordering::Relaxed);
    }
}

impl HttpBody for Tracked {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let poll = Pin::new(&mut self.body).poll_frame(context);
        match &poll {
            Poll::Ready(None) => self.ended(),
            Poll::Ready(Some(Ok(_))) => self.look(),
            _ => {}
        }
        poll
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The request's own id, if it has one that can be repeated in a log, or a new one.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<HeaderValue> {
    single(headers, &REQUEST_ID)
        .filter(|id| is_request_id(id.as_bytes()))
        .cloned()
        .or_else(|| {
            let bytes = random_bytes::<8>().ok()?;
            HeaderValue::from_str(&hex(&bytes)).ok()
        })
}

fn is_request_id(id: &[u8]) -> bool {
    (1..=64).contains(&id.len())
        && id
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::to_bytes;

    #[tokio::test]
    async fn the_end_of_a_body_is_noticed() {
        let notes = RequestContext::default();
        let body = notes.track(Body::empty());
        assert!(notes.body_read(), "there is nothing to read");
        drop(body);

        let notes = RequestContext::default();
        let body = notes.track(Body::from("text"));
        assert!(!notes.body_read());
        to_bytes(body, 100).await.unwrap();
        assert!(notes.body_read());
    }

    #[test]
    fn request_ids() {
        let id = |value: &'static str| {
            let headers = HeaderMap::from_iter([(REQUEST_ID, HeaderValue::from_static(value))]);
            request_id(&headers).unwrap()
        };
        assert_eq!(id("a-1_2.B"), "a-1_2.B");
        for bad in ["", "a b", "<x>", "a\tb"] {
            assert_ne!(id(bad), bad);
            assert_eq!(id(bad).len(), 16);
        }
        assert_ne!(id(""), id(""), "they are random");
    }
}
