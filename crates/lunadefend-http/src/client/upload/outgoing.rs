//! The body as a connection gets it.

use super::{StreamBody, progress::Progress};
use crate::{client::pieces::Turns, error::BoxError};
use bytes::Bytes;
use futures_util::{StreamExt, stream::BoxStream};
use hyper::body::{Body, Frame, SizeHint};
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

/// Why a stream is not the body that was announced.
#[derive(Debug, thiserror::Error)]
pub(super) enum WrongLength {
    #[error("the stream ended before the {0} bytes that were announced")]
    Short(u64),
    #[error("the stream has more than the {0} bytes that were announced")]
    Long(u64),
}

/// The body as it is sent, in pieces.
pub(in crate::client) struct Outgoing {
    stream: BoxStream<'static, Result<Bytes, BoxError>>,
    length: Option<u64>,
    received: u64,
    rest: Bytes,
    turns: Turns,
    has_ended: bool,
    progress: Arc<Progress>,
}

impl Outgoing {
    pub(super) fn new(body: StreamBody, progress: &Arc<Progress>) -> Self {
        Self {
            stream: body.stream,
            length: body.length,
            received: 0,
            rest: Bytes::new(),
            turns: Turns::default(),
            has_ended: false,
            progress: Arc::clone(progress),
        }
    }

    /// Reads on until there is something to send. The last bytes of an announced length wait for the end of the
    /// stream: with them the server has the whole, and what follows would be lost.
    fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        while !self.has_ended && (self.rest.is_empty() || self.length == Some(self.received)) {
            match ready!(self.stream.poll_next_unpin(context)) {
                Some(Ok(data)) if data.is_empty() => {}
                Some(Ok(data)) => {
                    self.received += data.len() as u64;
                    if let Some(length) = self.length.filter(|length| self.received > *length) {
                        return Poll::Ready(Err(WrongLength::Long(length).into()));
                    }
                    self.rest = data;
                }
                Some(Err(error)) => return Poll::Ready(Err(error)),
                None => {
                    self.has_ended = true;
                    if let Some(length) = self.length.filter(|length| self.received < *length) {
                        return Poll::Ready(Err(WrongLength::Short(length).into()));
                    }
                }
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// What the connection is told in place of the cause, which the caller gets.
#[derive(Debug, thiserror::Error)]
#[error("the stream of the body failed")]
pub(in crate::client) struct Broken;

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        {
            let mut state = self.progress.state();
            if state.is_over {
                return Poll::Ready(Some(Err(Broken)));
            }
            state.waiting = Some(context.waker().clone());
        }
        if let Err(cause) = ready!(self.poll_fill(context)) {
            self.progress.fail(cause);
            return Poll::Ready(Some(Err(Broken)));
        }
        if self.rest.is_empty() {
            self.progress.end();
            return Poll::Ready(None);
        }
        let Self {
            rest,
            turns,
            progress,
            ..
        } = &mut *self;
        ready!(turns.poll(context));
        let piece = turns.take(rest);
        progress.add(piece.len());
        if self.has_ended && self.rest.is_empty() {
            // Of a known length, nothing more is asked for.
            self.progress.end();
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn size_hint(&self) -> SizeHint {
        let given = self.received - self.rest.len() as u64;
        match self.length {
            Some(length) => SizeHint::with_exact(length.saturating_sub(given)),
            None => SizeHint::default(),
        }
    }
}
