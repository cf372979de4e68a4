//! One request, one response, one deadline.

mod body;
mod builder;
mod connect;
mod download;
mod pieces;
mod upload;

pub use builder::HttpClientBuilder;
pub use download::Incoming;
pub use upload::{StreamBody, StreamRequest};

use crate::{Head, HttpError, Target};
use body::Outgoing;
use bytes::{Bytes, BytesMut};
use connect::Connector;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header, uri::Scheme};
use http_body_util::BodyExt;
use hyper::body::Body;
use hyper_util::client::legacy;
use std::{fmt, sync::Arc};
use tokio::time::{Instant, timeout_at};

/// The most that is allocated for a response before its first byte arrives.
const MAX_PREALLOCATED: usize = 64 * 1024;

/// A request with its limits.
#[derive(Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Where it goes.
    pub url: Target,
    /// Headers to send.
    pub headers: HeaderMap,
    /// The body; empty for none.
    pub body: Bytes,
    /// The longest body of a response that is read, in bytes.
    pub max_response: usize,
    /// The deadline of the whole exchange, including the last byte of the response.
    pub deadline: Instant,
}

/// A copy, to keep the request for a retry.
impl From<&Self> for Request {
    fn from(request: &Self) -> Self {
        request.clone()
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("body_len", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// A response, completely read.
#[derive(Clone)]
pub struct Response {
    /// The status; redirects are returned, not followed.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status.as_u16())
            .finish_non_exhaustive()
    }
}

/// The connection that a request uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Connection {
    /// An open connection, or else a new one.
    #[default]
    Any,
    /// A new connection for this request: the open ones may all be dead, unnoticed.
    New,
}

/// The HTTP client. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct HttpClient(Arc<Inner>);

struct Inner {
    pooled: legacy::Client<Connector, Outgoing>,
    /// Keeps no connection, so that each request opens its own.
    poolless: legacy::Client<Connector, Outgoing>,
    user_agent: HeaderValue,
    tls: bool,
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient")
            .field("tls", &self.0.tls)
            .finish_non_exhaustive()
    }
}

impl HttpClient {
    /// Returns a builder with TLS and a connect timeout of 2 s.
    pub fn builder() -> HttpClientBuilder {
        HttpClientBuilder::new()
    }

    /// Returns whether the client supports https URLs.
    #[must_use]
    pub fn has_tls(&self) -> bool {
        self.0.tls
    }

    /// Sends one request once and reads its response, whatever its status. Pass a reference to keep the
    /// request for a retry.
    ///
    /// # Errors
    /// An [`HttpError`]; [`HttpError::head`] has the status when only the body is unusable.
    pub async fn send(&self, request: impl Into<Request>) -> Result<Response, HttpError> {
        let request = request.into();
        let deadline = request.deadline;
        self.send_over(Connection::Any, request, deadline).await
    }

    /// Sends like [`send`](Self::send), over the given kind of connection, with a time limit for the head of
    /// the response.
    ///
    /// # Errors
    /// As [`send`](Self::send); [`HttpError::Timeout`] also when the head does not arrive in time.
    pub async fn send_over(
        &self,
        connection: Connection,
        request: impl Into<Request>,
        head_by: Instant,
    ) -> Result<Response, HttpError> {
        let request = request.into();
        let (limit, deadline) = (request.max_response, request.deadline);
        let outgoing = self.outgoing_whole(request)?;
        // One time limit after the other: each costs a timer, and most bodies are there with their heads.
        let head = self.over(connection).request(outgoing);
        let incoming = timeout_at(head_by.min(deadline), head)
            .await
            .map_err(|_| HttpError::Timeout)?
            .map_err(HttpError::from_send)?;
        let read = timeout_at(deadline, Self::read(incoming, limit)).await;
        read.unwrap_or(Err(HttpError::Timeout))
    }

    fn outgoing_whole(&self, request: Request) -> Result<http::Request<Outgoing>, HttpError> {
        let Request {
            method,
            url,
            mut headers,
            body,
            ..
        } = request;
        if body.is_empty() && has_body(&method) {
            announce_empty(&mut headers);
        }
        self.outgoing(method, url, headers, Outgoing::whole(body))
    }

    async fn read(
        incoming: http::Response<hyper::body::Incoming>,
        limit: usize,
    ) -> Result<Response, HttpError> {
        let (head, mut incoming) = split(incoming)?;
        let announced = announced(incoming.size_hint().exact());
        if announced > limit {
            return Err(HttpError::TooLarge {
                head: Box::new(head),
                limit,
            });
        }
        let mut body = BytesMut::with_capacity(announced.min(MAX_PREALLOCATED));
        loop {
            match data(&mut incoming).await {
                Ok(Some(chunk)) if chunk.len() > limit - body.len() => {
                    return Err(HttpError::TooLarge {
                        head: Box::new(head),
                        limit,
                    });
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break,
                Err(error) => return Err(HttpError::from_body(head, error)),
            }
        }
        Ok(Response {
            status: head.status,
            headers: head.headers,
            body: body.freeze(),
        })
    }

    /// Returns the request as it is sent, if its URL is usable.
    fn outgoing(
        &self,
        method: Method,
        url: Target,
        mut headers: HeaderMap,
        body: Outgoing,
    ) -> Result<http::Request<Outgoing>, HttpError> {
        let uri = url.into_uri()?;
        if uri.scheme() == Some(&Scheme::HTTPS) && !self.0.tls {
            return Err(HttpError::TlsDisabled);
        }
        headers
            .entry(header::USER_AGENT)
            .or_insert_with(|| self.0.user_agent.clone());
        headers
            .entry(header::ACCEPT)
            .or_insert(HeaderValue::from_static("*/*"));
        let mut outgoing = http::Request::new(body);
        *outgoing.method_mut() = method;
        *outgoing.uri_mut() = uri;
        *outgoing.headers_mut() = headers;
        Ok(outgoing)
    }

    fn over(&self, connection: Connection) -> &legacy::Client<Connector, Outgoing> {
        match connection {
            Connection::Any => &self.0.pooled,
            Connection::New => &self.0.poolless,
        }
    }
}

/// Says that there is no body: hyper omits it, and S3 refuses a PUT without it.
pub(super) fn announce_empty(headers: &mut HeaderMap) {
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
}

/// Takes a response apart whose body can be read as it is.
pub(super) fn split<B>(incoming: http::Response<B>) -> Result<(Head, B), HttpError> {
    let (parts, body) = incoming.into_parts();
    let head = Head::new(parts.status, parts.headers);
    if is_encoded(&head.headers) {
        return Err(HttpError::Encoded {
            head: Box::new(head),
        });
    }
    Ok((head, body))
}

/// Returns the next bytes of a body. Trailers are nothing to us.
pub(super) async fn data(
    incoming: &mut hyper::body::Incoming,
) -> Result<Option<Bytes>, hyper::Error> {
    while let Some(frame) = incoming.frame().await {
        if let Ok(data) = frame?.into_data() {
            return Ok(Some(data));
        }
    }
    Ok(None)
}

/// Returns the announced length of a response; 0 when it is unknown.
pub(super) fn announced(length: Option<u64>) -> usize {
    usize::try_from(length.unwrap_or(0)).unwrap_or(usize::MAX)
}

fn has_body(method: &Method) -> bool {
    matches!(*method, Method::POST | Method::PUT | Method::PATCH)
}

fn is_encoded(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::CONTENT_ENCODING)
        .iter()
        .any(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity"))
}

#[cfg(test)]
mod tests;
