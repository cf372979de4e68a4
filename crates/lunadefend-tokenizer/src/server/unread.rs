//! Whether all of a request's body has been read.

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

/// Tracks whether a body has been read to its end.
#[derive(Clone, Debug, Default)]
pub(super) struct BodyRead(Arc<AtomicBool>);

impl BodyRead {
    /// Wraps the body.
    pub(super) fn track<B: Body>(&self, body: B) -> TrackedBody<B> {
        let tracked = TrackedBody {
            body,
            read: self.clone(),
        };
        tracked.look();
        tracked
    }

    pub(super) fn is_complete(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn complete(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A body whose end is tracked.
#[derive(Debug)]
pub(crate) struct TrackedBody<B> {
    body: B,
    read: BodyRead,
}

impl<B: Body> TrackedBody<B> {
    fn look(&self) {
        if self.body.is_end_stream() {
            self.read.complete();
        }
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for TrackedBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let poll = Pin::new(&mut self.body).poll_frame(context);
        match &poll {
            Poll::Ready(None) => self.read.complete(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::{Body, to_bytes};

    #[tokio::test]
    async fn the_end_of_a_body_is_noticed() {
        let read = BodyRead::default();
        let body = read.track(Body::empty());
        assert!(read.is_complete(), "there is nothing to read");
        drop(body);

        let read = BodyRead::default();
        let body = read.track(Body::from("text"));
        assert!(!read.is_complete());
        to_bytes(Body::new(body), 100).await.unwrap();
        assert!(read.is_complete());
    }
}
