//! Responses whose bodies are read as streams.

use super::{Connection, HttpClient, Request, Response, announced, split};
use crate::{Head, HttpError, client::body::Outgoing};
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use http::{HeaderMap, StatusCode, Version, header};
use http_body_util::{BodyExt, combinators::BoxBody};
use hyper::body::Body;
use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::{Instant, Sleep, sleep, timeout_at};

/// A response whose head has arrived, with its body as a stream.
///
/// The stream ends with an error unless all of the body has arrived: at the announced length, at the end of its
/// chunks, or of its HTTP/2 stream. The time limit is on progress: while the caller asks for more, the next bytes
/// have `stall` to arrive. A caller that asks for nothing is not timed.
///
/// The bytes are not wiped from memory when they are dropped.
pub struct Incoming {
    head: Head,
    body: BoxBody<Bytes, hyper::Error>,
    length: Option<u64>,
    received: u64,
    limit: usize,
    stall: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
    has_ended: bool,
}

impl HttpClient {
    /// Sends one request once, over the given kind of connection, and returns its response when the head has
    /// arrived. `request.max_response` and `stall` limit the stream; `request.deadline` does not.
    ///
    /// # Errors
    /// As [`send`](Self::send), up to the head; [`HttpError::Timeout`] when it does not arrive before `head_by`,
    /// [`HttpError::TooLarge`] for an announced length, [`HttpError::Unframed`] when a broken connection would look
    /// like the end of the body.
    pub async fn open(
        &self,
        connection: Connection,
        request: impl Into<Request>,
        head_by: Instant,
        stall: Duration,
    ) -> Result<Incoming, HttpError> {
        let Request {
            method,
            url,
            headers,
            body,
            max_response: limit,
            ..
        } = request.into();
        let outgoing = self.outgoing(method, url, headers, Outgoing::whole(body))?;
        let incoming = timeout_at(head_by, self.over(connection).request(outgoing))
            .await
            .map_err(|_| HttpError::Timeout)?
            .map_err(HttpError::from_send)?;
        let version = incoming.version();
        let (head, body) = split(incoming)?;
        let length = body.size_hint().exact();
        if announced(length) > limit {
            let head = Box::new(head);
            return Err(HttpError::TooLarge { head, limit });
        }
        if !is_framed(version, &head.headers) {
            return Err(HttpError::Unframed {
                head: Box::new(head),
            });
        }
        Ok(Incoming {
            head,
            body: body.boxed(),
            length,
            received: 0,
            limit,
            stall,
            waiting: None,
            has_ended: false,
        })
    }
}

/// Returns whether the end of a body differs from the end of its connection (RFC 9112, section 6.3).
fn is_framed(version: Version, headers: &HeaderMap) -> bool {
    version >= Version::HTTP_2
        || headers.contains_key(header::CONTENT_LENGTH)
        || headers.contains_key(header::TRANSFER_ENCODING)
}

/// A body that is shorter than its head says.
#[derive(Debug, thiserror::Error)]
#[error("it ended before the announced length")]
struct Short;

impl Incoming {
    /// Returns the status; redirects are returned, not followed.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.head.status
    }

    /// Returns the headers.
    #[must_use]
    pub const fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    /// Returns the announced length of the body, in bytes.
    #[must_use]
    pub const fn length(&self) -> Option<u64> {
        self.length
    }

    /// Reads the rest of the body, `max_response` bytes at most, before a deadline.
    ///
    /// # Errors
    /// As the stream; [`HttpError::TooLarge`] and [`HttpError::Timeout`].
    pub async fn collect(
        mut self,
        max_response: usize,
        deadline: Instant,
    ) -> Result<Response, HttpError> {
        self.limit = self.limit.min(max_response);
        let mut body = BytesMut::with_capacity(announced(self.length).min(super::MAX_PREALLOCATED));
        loop {
            match timeout_at(deadline, self.next()).await {
                Err(_) => return Err(HttpError::Timeout),
                Ok(None) => break,
                Ok(Some(chunk)) => body.extend_from_slice(&chunk?),
            }
        }
        Ok(Response {
            status: self.head.status,
            headers: self.head.headers,
            body: body.freeze(),
        })
    }

    fn poll_data(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, HttpError>>> {
        loop {
            match Pin::new(&mut self.body).poll_frame(context) {
                Poll::Pending => {
                    let stall = self.stall;
                    let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(stall)));
                    return waiting
                        .as_mut()
                        .poll(context)
                        .map(|()| Some(Err(HttpError::Stalled { limit: stall })));
                }
                Poll::Ready(None) if self.length.is_some_and(|length| self.received < length) => {
                    let (head, source) = (Box::new(self.head.clone()), Short.into());
                    return Poll::Ready(Some(Err(HttpError::Truncated { head, source })));
                }
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Ready(Some(Err(error))) => {
                    return Poll::Ready(Some(Err(HttpError::from_body(self.head.clone(), error))));
                }
                Poll::Ready(Some(Ok(frame))) => {
                    // Trailers are nothing to us.
                    let Some(data) = frame.into_data().ok().filter(|data| !data.is_empty()) else {
                        continue;
                    };
                    self.waiting = None;
                    self.received += data.len() as u64;
                    if self.received > self.limit as u64 {
                        let (head, limit) = (Box::new(self.head.clone()), self.limit);
                        return Poll::Ready(Some(Err(HttpError::TooLarge { head, limit })));
                    }
                    return Poll::Ready(Some(Ok(data)));
                }
            }
        }
    }
}

impl Stream for Incoming {
    type Item = Result<Bytes, HttpError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.has_ended {
            return Poll::Ready(None);
        }
        let next = self.poll_data(context);
        self.has_ended = matches!(next, Poll::Ready(None | Some(Err(_))));
        next
    }
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming")
            .field("status", &self.head.status.as_u16())
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
