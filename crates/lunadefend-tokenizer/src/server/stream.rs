//! A connection that a silent client cannot keep, and that closes without losing the response.

use super::{patience::Patience, phase::Phase, places::Place};
use crate::config::Limits;
use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep_until},
};

/// The limits of what is still read from a client that has its response.
const LINGER: Duration = Duration::from_secs(2);
const MAX_LINGER_BYTES: usize = 32 * 1024 * 1024;
/// The preface of a client that speaks HTTP/2 without TLS (RFC 9113, section 3.4).
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n";

/// Wraps a connection.
///
/// A client that sends the head of a request byte by byte has `header_read` from the first byte. A client
/// that does not read its response stops all writing; after `write_stall` without progress that is an error.
/// So is a client that is too slow for [`Patience`]. An idle connection ends when its place is needed.
///
/// A request may be refused before all of it is read. Closing at once would then reset the connection and
/// destroy the response before the client reads it. So the rest is read and discarded for a moment.
#[derive(Debug)]
pub(super) struct GuardedStream<S> {
    inner: S,
    phase: Phase,
    place: Place,
    /// The number of requests at the last read.
    requests: usize,
    header_read: Duration,
    /// Until when the head of a request must be complete: from its first byte on, and until the first byte of a connection.
    head: Option<HeadTime>,
    /// Some of a head has arrived, but not all of it.
    head_begun: bool,
    /// The response to an incomplete head, its refusal, has begun.
    head_refused: bool,
    /// Requests are streams of HTTP/2. Their connection times them, and says when it idles.
    is_http2: bool,
    patience: Patience,
    closing: Closing,
}

/// The time of a head. Most heads come at once, and need no timer.
#[derive(Debug)]
struct HeadTime {
    until: Instant,
    timer: Option<Pin<Box<Sleep>>>,
}

impl HeadTime {
    fn new(time: Duration) -> Self {
        Self {
            until: Instant::now() + time,
            timer: None,
        }
    }

    fn poll_over(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let until = self.until;
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(sleep_until(until)));
        timer.as_mut().poll(context)
    }
}

#[derive(Debug)]
enum Closing {
    Open,
    Lingering { until: Pin<Box<Sleep>>, left: usize },
    Done,
}

impl<S> GuardedStream<S> {
    /// Wraps a new connection. It must bring a request: the first head is timed from now on.
    pub(super) fn new(inner: S, phase: Phase, place: Place, limits: &Limits) -> Self {
        Self {
            inner,
            requests: phase.requests(),
            phase,
            place,
            header_read: limits.header_read,
            head: Some(HeadTime::new(limits.header_read)),
            head_begun: false,
            head_refused: false,
            is_http2: false,
            patience: Patience::new(limits.write_stall),
            closing: Closing::Open,
        }
    }

    /// Notes that what came before was no request but the handshake. The first head is timed from now on; `has_begun` says whether
    /// some of it has arrived.
    pub(super) fn begin_requests(&mut self, has_begun: bool) {
        self.head = Some(HeadTime::new(self.header_read));
        self.head_begun = has_begun;
        self.head_refused = false;
        self.patience.renew();
    }

    /// Notes that what came before was no request but the handshake, and that it has chosen HTTP/2.
    pub(super) fn begin_streams(&mut self) {
        self.head = None;
        self.head_begun = false;
        self.head_refused = false;
        self.is_http2 = true;
        self.patience.renew();
    }

    /// Times the head of a request after each read. Ready when its time is over and there is nothing to read.
    fn time_head(&mut self, context: &mut Context<'_>, has_read: bool, is_dry: bool) -> Poll<()> {
        let requests = self.phase.requests();
        if self.requests != requests {
            self.requests = requests;
            self.head = None;
            self.head_begun = false;
            self.head_refused = false;
            self.patience.renew();
        }
        if self.is_http2 || self.phase.is_serving() {
            return Poll::Pending;
        }
        if has_read {
            self.head_begun = true;
            let header_read = self.header_read;
            self.head.get_or_insert_with(|| HeadTime::new(header_read));
        }
        // Who reads on comes to where nothing is left, and a machine that is slow is no client that is.
        match &mut self.head {
            Some(head) if is_dry => head.poll_over(context),
            _ => Poll::Pending,
        }
    }

    /// Waits while the client has its last response and has sent nothing of a next request. Ready when its
    /// place is needed.
    fn poll_idle(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.head_begun || self.phase.is_serving() || self.patience.is_tried() {
            self.place.busy();
            return Poll::Pending;
        }
        self.place.poll_idle(context)
    }

    /// Returns whether data of a request that has its response may still arrive.
    fn is_answered_early(&self) -> bool {
        self.head_refused || self.phase.is_body_unread()
    }

    /// Passes the outcome of a write on, unless nothing has been written for too long.
    fn guard<T>(
        &mut self,
        context: &mut Context<'_>,
        outcome: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.patience.took(0);
            return outcome;
        }
        ready!(self.patience.poll_over(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    /// Passes the outcome of a write on as [`guard`](Self::guard) does, and counts what the client took.
    fn guard_write(
        &mut self,
        context: &mut Context<'_>,
        outcome: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        let outcome = self.guard(context, outcome);
        if let Poll::Ready(Ok(bytes)) = outcome {
            self.patience.took(bytes);
        }
        outcome
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for GuardedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let filled = buffer.filled().len();
        let outcome = Pin::new(&mut self.inner).poll_read(context, buffer);
        let read = buffer.filled().get(filled..).unwrap_or_default();
        if self.requests == 0 && !self.head_begun && read.starts_with(HTTP2_PREFACE) {
            self.phase.begin_http2();
        }
        if self
            .time_head(context, !read.is_empty(), outcome.is_pending())
            .is_ready()
        {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        // What has been read comes first: a request that has begun is served.
        let is_asked = self.poll_idle(context).is_ready() && outcome.is_pending();
        if self.is_http2 && is_asked {
            self.phase.ask_to_leave();
        }
        if outcome.is_pending() && self.phase.is_over() || is_asked && !self.is_http2 {
            return Poll::Ready(Ok(()));
        }
        outcome
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for GuardedStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.inner).poll_write(context, data);
        self.head_refused = self.head_begun && self.requests == self.phase.requests();
        self.guard_write(context, outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.inner).poll_write_vectored(context, data);
        self.head_refused = self.head_begun && self.requests == self.phase.requests();
        self.guard_write(context, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let had_stalled = self.patience.is_tried();
        let outcome = Pin::new(&mut self.inner).poll_flush(context);
        let outcome = self.guard(context, outcome);
        if had_stalled && outcome.is_ready() {
            // The client has its response: the next read sees that it idles.
            context.waker().wake_by_ref();
        }
        outcome
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            match &mut this.closing {
                Closing::Open => {
                    ready!(Pin::new(&mut this.inner).poll_shutdown(context))?;
                    this.closing = if this.is_answered_early() {
                        Closing::Lingering {
                            until: Box::pin(sleep_until(Instant::now() + LINGER)),
                            left: MAX_LINGER_BYTES,
                        }
                    } else {
                        Closing::Done
                    };
                }
                Closing::Lingering { until, left } => {
                    let mut scratch = [0; 8 * 1024];
                    let mut buffer = ReadBuf::new(&mut scratch);
                    match Pin::new(&mut this.inner).poll_read(context, &mut buffer) {
                        Poll::Ready(Ok(())) => {
                            *left = left.saturating_sub(buffer.filled().len());
                            if buffer.filled().is_empty() || *left == 0 {
                                this.closing = Closing::Done;
                            }
                        }
                        Poll::Ready(Err(_)) => this.closing = Closing::Done,
                        Poll::Pending => {
                            ready!(until.as_mut().poll(context));
                            this.closing = Closing::Done;
                        }
                    }
                }
                Closing::Done => return Poll::Ready(Ok(())),
            }
        }
    }
}

#[cfg(test)]
mod tests;
