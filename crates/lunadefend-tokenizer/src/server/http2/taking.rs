//! How much of its response the client of a stream has taken.

use bytes::{Buf, Bytes};
use futures_util::task::AtomicWaker;
use hyper::body::{Body, Frame, SizeHint};
use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
};
use tokio::sync::OwnedSemaphorePermit;

/// What is known of a response on its way. Its chunks go through the windows of HTTP/2, where a client that grants
/// none stops them without any write that waits.
#[derive(Debug, Default)]
pub(in crate::server) struct Taking {
    /// The bytes of the chunk that is on its way.
    left: AtomicUsize,
    /// The bytes that were written, of all chunks. It may wrap.
    taken: AtomicUsize,
    /// The task of the stream.
    stream: AtomicWaker,
}

impl Taking {
    /// Has the task woken when the client takes something.
    pub(super) fn register(&self, context: &Context<'_>) {
        self.stream.register(context.waker());
    }

    /// Returns whether a chunk is on its way.
    pub(super) fn is_under_way(&self) -> bool {
        self.left.load(Ordering::Acquire) > 0
    }

    pub(super) fn taken(&self) -> usize {
        self.taken.load(Ordering::Acquire)
    }

    fn send(self: &Arc<Self>, bytes: Bytes) -> Chunk {
        self.left.store(bytes.len(), Ordering::Release);
        Chunk {
            bytes,
            taking: Arc::clone(self),
        }
    }
}

/// A part of a response, which tells when it is written.
#[derive(Debug)]
pub(in crate::server) struct Chunk {
    bytes: Bytes,
    taking: Arc<Taking>,
}

impl Buf for Chunk {
    fn remaining(&self) -> usize {
        self.bytes.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.bytes.chunk()
    }

    fn advance(&mut self, count: usize) {
        self.bytes.advance(count);
        self.taking.left.fetch_sub(count, Ordering::AcqRel);
        self.taking.taken.fetch_add(count, Ordering::AcqRel);
        self.taking.stream.wake();
    }
}

/// The body of a response, of which one chunk at a time is on its way.
///
/// So a stream lives until its response is written: it can be reset before, its time can be measured, and no more of a
/// value than that chunk waits in memory.
#[derive(Debug)]
pub(in crate::server) struct PacedBody<B> {
    body: B,
    taking: Arc<Taking>,
    /// Its place among the requests of all connections.
    _served: Option<OwnedSemaphorePermit>,
}

impl<B> PacedBody<B> {
    /// `taking` is that of the stream whose task polls the body.
    pub(super) const fn new(
        body: B,
        taking: Arc<Taking>,
        served: Option<OwnedSemaphorePermit>,
    ) -> Self {
        Self {
            body,
            taking,
            _served: served,
        }
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for PacedBody<B> {
    type Data = Chunk;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Chunk>, B::Error>>> {
        // The task has registered itself.
        if self.taking.is_under_way() {
            return Poll::Pending;
        }
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        Poll::Ready(
            frame.map(|frame| {
                frame.map(|frame| frame.map_data(|bytes: Bytes| self.taking.send(bytes)))
            }),
        )
    }

    fn is_end_stream(&self) -> bool {
        !self.taking.is_under_way() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
