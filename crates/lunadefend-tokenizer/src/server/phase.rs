//! Where a connection is between two requests.

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
}

impl Phase {
    /// How many heads have been complete so far: a request may come and go between two reads.
    pub(super) fn requests(&self) -> usize {
        self.0.requests.load(Ordering::Relaxed)
    }

    /// Whether a request is being served, from the end of its head to the end of its answer.
    pub(super) fn is_serving(&self) -> bool {
        self.0.serving.load(Ordering::Relaxed)
    }

    /// The head of a request is complete.
    pub(super) fn begin(&self) -> Serving {
        self.0.requests.fetch_add(1, Ordering::Relaxed);
        self.0.serving.store(true, Ordering::Relaxed);
        Serving(self.clone())
    }
}

/// While it is there a request is being served.
#[derive(Debug)]
pub(super) struct Serving(Phase);

impl Serving {
    /// Goes on until the body of the answer is gone.
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

/// The body of an answer.
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
