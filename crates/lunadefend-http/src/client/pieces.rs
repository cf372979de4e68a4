//! Bodies in pieces, with pauses in which the connection reads.

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll, ready},
};

/// The longest piece that is passed on at once. Progress is seen in steps of it.
pub(super) const PIECE: usize = 64 * 1024;
/// What goes out between two looks for a response.
const TURN: usize = 4 * PIECE;

/// Pauses a body now and then.
///
/// As long as the system takes bytes, hyper writes on and reads nothing. A server that refuses a long body
/// at once reads some more of it and then resets the connection, and its response would never be seen.
#[derive(Debug, Default)]
pub(super) struct Turns {
    given: usize,
}

impl Turns {
    /// Ready while the turn lasts. At its end the task is woken at once, and reads first.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.given < TURN {
            return Poll::Ready(());
        }
        self.given = 0;
        context.waker().wake_by_ref();
        Poll::Pending
    }

    /// Splits the next piece off.
    pub(super) fn take(&mut self, rest: &mut Bytes) -> Bytes {
        let piece = rest.split_to(rest.len().min(PIECE));
        self.given += piece.len();
        piece
    }
}

/// A body that is whole in memory.
#[derive(Debug)]
pub(super) struct Pieces {
    rest: Bytes,
    turns: Turns,
}

impl Pieces {
    pub(super) fn new(body: Bytes) -> Self {
        Self {
            rest: body,
            turns: Turns::default(),
        }
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Self { rest, turns } = &mut *self;
        if rest.is_empty() {
            return Poll::Ready(None);
        }
        ready!(turns.poll(context));
        Poll::Ready(Some(Ok(Frame::data(turns.take(rest)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}

#[cfg(test)]
mod tests;
