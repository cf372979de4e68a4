//! Request bodies that are made while they are sent.

mod outgoing;
mod progress;

use super::{Connection, HttpClient, Response, announce_empty, announced, body, data, split};
use crate::{HttpError, Target, error::BoxError};
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt, TryStreamExt, stream::BoxStream};
use http::{HeaderMap, Method};
use hyper::body::Body;
pub(super) use outgoing::Outgoing;
use outgoing::WrongLength;
use progress::{Over, Progress};
use std::{fmt, sync::Arc, time::Duration};
use tokio::time::{Instant, timeout, timeout_at};

/// A request body as a stream. It is sent once, and no more of it is in memory than the stream hands over at
/// a time and a connection buffers.
///
/// ```
/// use futures_util::stream;
/// use lunadefend_http::StreamBody;
/// use std::io;
///
/// let chunks = stream::iter([Ok::<_, io::Error>("a value "), Ok("in chunks")]);
/// let body = StreamBody::new(chunks).with_length(17);
/// # drop(body);
/// ```
pub struct StreamBody {
    stream: BoxStream<'static, Result<Bytes, BoxError>>,
    length: Option<u64>,
}

impl StreamBody {
    /// Wraps a stream whose length is unknown. When the stream fails the request is broken off, so that the
    /// server does not take its start for the whole.
    pub fn new<S, B, E>(stream: S) -> Self
    where
        S: Stream<Item = Result<B, E>> + Send + 'static,
        B: Into<Bytes> + 'static,
        E: Into<BoxError> + 'static,
    {
        Self {
            stream: stream.map_ok(Into::into).map_err(Into::into).boxed(),
            length: None,
        }
    }

    /// Announces the length in bytes, which some storages need. A stream of another length fails the request.
    #[must_use]
    pub fn with_length(mut self, bytes: u64) -> Self {
        self.length = Some(bytes);
        self
    }
}

impl fmt::Debug for StreamBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamBody")
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

/// A request whose body is a stream, with its limits.
pub struct StreamRequest {
    /// The method.
    pub method: Method,
    /// Where it goes.
    pub url: Target,
    /// Headers to send.
    pub headers: HeaderMap,
    /// The body.
    pub body: StreamBody,
    /// The longest body of a response that is read, in bytes.
    pub max_response: usize,
    /// The longest time without progress: for the stream to give each 64 KiB and for the connection to take
    /// them, and for the response afterwards. The whole request has no deadline.
    ///
    /// Systems and proxies on the way hold some of a body. So the response has additional time, in which the
    /// last 16 MiB at the speed so far would arrive.
    pub stall: Duration,
}

impl fmt::Debug for StreamRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamRequest")
            .field("method", &self.method)
            .field("body", &self.body)
            .finish_non_exhaustive()
    }
}

impl HttpClient {
    /// Sends one request once, whose body is a stream, and reads its response, whatever its status. Nothing can
    /// send it again, so it gets a new connection: an open one may be dead.
    ///
    /// A response that comes before the end of the body ends the request.
    ///
    /// # Errors
    /// [`HttpError::Body`] when the stream fails, [`HttpError::Stalled`] without progress, or as
    /// [`send`](Self::send).
    pub async fn send_stream(&self, request: StreamRequest) -> Result<Response, HttpError> {
        let StreamRequest {
            method,
            url,
            mut headers,
            mut body,
            max_response,
            stall,
        } = request;
        let progress = Arc::new(Progress::new(stall));
        let _over = Over(Arc::clone(&progress));
        let outgoing = if body.length == Some(0) {
            // Nobody would look into the stream.
            let first = timeout(stall, ended(&mut body.stream)).await;
            let first = first.map_err(|_| HttpError::Stalled { limit: stall })?;
            first.map_err(|source| HttpError::Body { source })?;
            announce_empty(&mut headers);
            progress.end();
            body::Outgoing::whole(Bytes::new())
        } else {
            body::Outgoing::Stream(Box::pin(Outgoing::new(body, &progress)))
        };
        let outgoing = self.outgoing(method, url, headers, outgoing)?;
        let sent = progress
            .watch(self.over(Connection::New).request(outgoing))
            .await;
        // An early response decides, also when the stream has failed since.
        let incoming = match sent? {
            Ok(incoming) => incoming,
            Err(error) => {
                return Err(progress
                    .failure()
                    .unwrap_or_else(|| HttpError::from_send(error)));
            }
        };
        let (head, mut incoming) = split(incoming)?;
        let too_large = |head| HttpError::TooLarge {
            head: Box::new(head),
            limit: max_response,
        };
        if announced(incoming.size_hint().exact()) > max_response {
            return Err(too_large(head));
        }
        let mut read = BytesMut::new();
        let deadline = Instant::now() + stall;
        loop {
            let chunk = timeout_at(deadline, data(&mut incoming)).await;
            match chunk.map_err(|_| HttpError::Stalled { limit: stall })? {
                Ok(Some(chunk)) if chunk.len() > max_response - read.len() => {
                    return Err(too_large(head));
                }
                Ok(Some(chunk)) => read.extend_from_slice(&chunk),
                Ok(None) => break,
                Err(error) => return Err(HttpError::from_body(head, error)),
            }
        }
        Ok(Response {
            status: head.status,
            headers: head.headers,
            body: read.freeze(),
        })
    }
}

/// Reads to the end of a stream that must be empty.
async fn ended(stream: &mut BoxStream<'static, Result<Bytes, BoxError>>) -> Result<(), BoxError> {
    while let Some(data) = stream.next().await {
        if !data?.is_empty() {
            return Err(WrongLength::Long(0).into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
