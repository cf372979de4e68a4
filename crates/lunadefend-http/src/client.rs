//! One request, one response, one deadline.

mod download;
mod pieces;
mod upload;

pub use download::Incoming;
pub use upload::{StreamBody, StreamRequest};

use crate::{Head, HttpError, Target, tls};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use pieces::{PIECE, Pieces};
use rustls::{ClientConfig, pki_types::CertificateDer};
#[cfg(unix)]
use std::path::PathBuf;
use std::{fmt, time::Duration};
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
pub struct HttpClient {
    pooled: reqwest::Client,
    /// Keeps no connection, so that each request opens its own.
    poolless: reqwest::Client,
    tls: bool,
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient")
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}

impl HttpClient {
    /// Returns a builder with TLS and a connect timeout of 2 s.
    pub fn builder() -> HttpClientBuilder {
        HttpClientBuilder {
            tls: true,
            connect_timeout: Duration::from_secs(2),
            roots: Vec::new(),
            user_agent: concat!("lunadefend-rust/", env!("CARGO_PKG_VERSION")).to_owned(),
            #[cfg(unix)]
            unix_socket: None,
        }
    }

    /// Returns whether the client supports https URLs.
    #[must_use]
    pub const fn has_tls(&self) -> bool {
        self.tls
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
        let head = self.over(connection).execute(outgoing);
        let incoming = timeout_at(head_by.min(deadline), head)
            .await
            .map_err(|_| HttpError::Timeout)?
            .map_err(HttpError::from_send)?;
        let read = timeout_at(deadline, Self::read(incoming, limit)).await;
        read.unwrap_or(Err(HttpError::Timeout))
    }

    fn outgoing_whole(&self, request: Request) -> Result<reqwest::Request, HttpError> {
        let has_body = has_body(&request.method);
        let mut outgoing = self.outgoing(request.method, request.url, request.headers)?;
        if request.body.len() > PIECE {
            *outgoing.body_mut() = Some(reqwest::Body::wrap(Pieces::new(request.body)));
        } else if !request.body.is_empty() {
            *outgoing.body_mut() = Some(request.body.into());
        } else if has_body {
            announce_empty(&mut outgoing);
        }
        Ok(outgoing)
    }

    async fn read(mut incoming: reqwest::Response, limit: usize) -> Result<Response, HttpError> {
        let head = head_of(&mut incoming)?;
        let announced = announced(incoming.content_length());
        if announced > limit {
            return Err(HttpError::TooLarge {
                head: Box::new(head),
                limit,
            });
        }
        let mut body = BytesMut::with_capacity(announced.min(MAX_PREALLOCATED));
        loop {
            match incoming.chunk().await {
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

    /// Returns a request without a body, if its URL is usable.
    pub(super) fn outgoing(
        &self,
        method: Method,
        url: Target,
        headers: HeaderMap,
    ) -> Result<reqwest::Request, HttpError> {
        let url = url.into_url()?;
        if url.scheme() == "https" && !self.tls {
            return Err(HttpError::TlsDisabled);
        }
        let mut outgoing = reqwest::Request::new(method, url);
        *outgoing.headers_mut() = headers;
        Ok(outgoing)
    }

    pub(super) const fn over(&self, connection: Connection) -> &reqwest::Client {
        match connection {
            Connection::Any => &self.pooled,
            Connection::New => &self.poolless,
        }
    }
}

/// Says that there is no body: hyper omits it, and S3 refuses a PUT without it.
pub(super) fn announce_empty(outgoing: &mut reqwest::Request) {
    let none = HeaderValue::from_static("0");
    outgoing.headers_mut().insert(header::CONTENT_LENGTH, none);
}

/// Takes the head of a response whose body can be read as it is.
pub(super) fn head_of(incoming: &mut reqwest::Response) -> Result<Head, HttpError> {
    let head = Head::new(incoming.status(), std::mem::take(incoming.headers_mut()));
    if is_encoded(&head.headers) {
        return Err(HttpError::Encoded {
            head: Box::new(head),
        });
    }
    Ok(head)
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

/// The builder of an [`HttpClient`].
#[derive(Clone)]
#[must_use = "a builder does nothing until it is built"]
pub struct HttpClientBuilder {
    tls: bool,
    connect_timeout: Duration,
    roots: Vec<CertificateDer<'static>>,
    user_agent: String,
    #[cfg(unix)]
    unix_socket: Option<PathBuf>,
}

impl fmt::Debug for HttpClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClientBuilder")
            .field("tls", &self.tls)
            .field("connect_timeout", &self.connect_timeout)
            .field("roots", &self.roots.len())
            .finish_non_exhaustive()
    }
}

impl HttpClientBuilder {
    /// Sets whether the client supports https URLs; on by default. Without it, the system's CA certificates
    /// are not loaded.
    pub const fn tls(mut self, enabled: bool) -> Self {
        self.tls = enabled;
        self
    }

    /// Sets how long connecting may take, the TLS handshake included; 2 s by default.
    pub const fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Trusts one more root certificate (X.509 in DER) beside the system's.
    pub fn add_root_certificate_der(mut self, der: impl Into<Vec<u8>>) -> Self {
        self.roots.push(CertificateDer::from(der.into()));
        self
    }

    /// Sets the `User-Agent`; `lunadefend-rust/<version>` by default.
    pub fn user_agent(mut self, name: impl Into<String>) -> Self {
        self.user_agent = name.into();
        self
    }

    /// Opens all connections to a Unix socket. The host of a URL is then not looked up.
    #[cfg(unix)]
    pub fn unix_socket(mut self, path: impl Into<PathBuf>) -> Self {
        self.unix_socket = Some(path.into());
        self
    }

    /// Builds the client.
    ///
    /// # Errors
    /// [`HttpError::Build`] when the user agent is not a valid header value. With TLS also when no CA
    /// certificates are found or an added one is invalid.
    pub fn build(self) -> Result<HttpClient, HttpError> {
        let tls = if self.tls {
            tls::trusting_system(self.roots.clone())?
        } else {
            tls::without_trust()?
        };
        let client = |idle_connections| {
            let client = self.client(tls.clone(), idle_connections).build();
            client.map_err(|error| HttpError::Build {
                advice: "a setting is wrong, such as the user agent",
                source: error.without_url().into(),
            })
        };
        Ok(HttpClient {
            pooled: client(usize::MAX)?,
            poolless: client(0)?,
            tls: self.tls,
        })
    }

    /// Builds a client that keeps this many idle connections for each host.
    fn client(&self, tls: ClientConfig, idle_connections: usize) -> reqwest::ClientBuilder {
        // All settings are explicit, defaults too: other crates of a program can enable reqwest's features
        // and with them other defaults.
        let client = reqwest::Client::builder();
        #[cfg(unix)]
        let client = match &self.unix_socket {
            Some(path) => client.unix_socket(path.as_path()),
            None => client,
        };
        client
            .tls_backend_preconfigured(tls)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never().max_retries_per_request(0))
            .no_proxy()
            .referer(false)
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            .no_hickory_dns()
            .user_agent(self.user_agent.clone())
            .connect_timeout(self.connect_timeout)
            .pool_max_idle_per_host(idle_connections)
            // Below the idle timeout of common load balancers (60 s), so that they do not close a
            // connection at the moment of its next use.
            .pool_idle_timeout(Duration::from_secs(50))
            // Pings notice a vanished peer; otherwise one deadline after the other would pass.
            .http2_keep_alive_interval(Duration::from_secs(10))
            .http2_keep_alive_timeout(Duration::from_secs(5))
            .http2_max_header_list_size(64 * 1024)
    }
}

#[cfg(test)]
mod tests;
