//! The phase of a connection: within a request, or between two.

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

/// Shared by a connection's stream, which sees bytes, and its service, which sees requests: the
/// stream alone cannot tell the head of a request from its body.
#[derive(Clone, Debug, Default)]
pub(super) struct Phase(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    requests: AtomicUsize,
    serving: AtomicBool,
    body_unread: AtomicBool,
    http2: AtomicBool,
    asked: AtomicBool,
    over: AtomicBool,
}

impl Phase {
    /// Returns the number of complete heads so far: a request may come and go between two reads.
    pub(super) fn requests(&self) -> usize {
        self.0.requests.load(Ordering::Relaxed)
    }

    /// Returns whether a request is being served, from the end of its head to the end of its response.
    pub(super) fn is_serving(&self) -> bool {
        self.0.serving.load(Ordering::Relaxed)
    }

    /// Returns whether some of the last request's body is unread, so that it may still arrive.
    pub(super) fn is_body_unread(&self) -> bool {
        self.0.body_unread.load(Ordering::Relaxed)
    }

    /// Notes that the request has its response, with some of its body unread.
    pub(super) fn leave_body_unread(&self) {
        self.0.body_unread.store(true, Ordering::Relaxed);
    }

    /// Returns whether the client began with the preface of HTTP/2.
    pub(super) fn is_http2(&self) -> bool {
        self.0.http2.load(Ordering::Relaxed)
    }

    /// Notes that the client has begun with the preface of HTTP/2.
    pub(super) fn begin_http2(&self) {
        self.0.http2.store(true, Ordering::Relaxed);
    }

    /// Notes that a request of many at once is served, until [`rest`](Self::rest).
    pub(super) fn begin_stream(&self) {
        self.0.over.store(false, Ordering::Relaxed);
        self.0.serving.store(true, Ordering::Relaxed);
    }

    /// Notes that no request is served, and that all responses are written.
    pub(super) fn rest(&self) {
        self.0.serving.store(false, Ordering::Relaxed);
    }

    /// Asks whoever serves the connection to end it.
    pub(super) fn ask_to_leave(&self) {
        self.0.asked.store(true, Ordering::Relaxed);
    }

    /// Returns whether it was asked since the last time.
    pub(super) fn is_asked_to_leave(&self) -> bool {
        self.0.asked.swap(false, Ordering::Relaxed)
    }

    /// Has the connection end where nothing more is to be read, unless another request begins before.
    pub(super) fn end(&self) {
        self.0.over.store(true, Ordering::Relaxed);
    }

    /// Returns whether the connection ends where nothing more is to be read.
    pub(super) fn is_over(&self) -> bool {
        self.0.over.load(Ordering::Relaxed)
    }

    /// Notes that the head of a request is complete.
    pub(super) fn begin(&self) -> Serving {
        self.0.requests.fetch_add(1, Ordering::Relaxed);
        self.0.body_unread.store(false, Ordering::Relaxed);
        self.0.serving.store(true, Ordering::Relaxed);
        Serving(self.clone())
    }
}

/// Marks a request as being served while it lives.
#[derive(Debug)]
pub(super) struct Serving(Phase);

impl Serving {
    /// Extends it until the body of the response is gone.
    pub(super) const fn until_sent<B>(self, body: B) -> SentBody<B> {
        SentBody {
            body,
            _serving: self,
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.0.serving.store(false, Ordering::Relaxed);
    }
}

/// The body of a response.
#[derive(Debug)]
pub(super) struct SentBody<B> {
    body: B,
    _serving: Serving,
}

impl<B: Body<Data = Bytes> + Unpin> Body for SentBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
