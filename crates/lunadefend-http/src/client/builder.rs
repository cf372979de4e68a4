//! The settings of a client.

use super::{HttpClient, Inner, body::Outgoing, connect::Connector};
use crate::{HttpError, tls};
use http::HeaderValue;
use hyper_util::{
    client::legacy,
    rt::{TokioExecutor, TokioTimer},
};
use rustls::pki_types::CertificateDer;
#[cfg(unix)]
use std::path::PathBuf;
use std::{fmt, sync::Arc, time::Duration};

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
    pub(super) fn new() -> Self {
        Self {
            tls: true,
            connect_timeout: Duration::from_secs(2),
            roots: Vec::new(),
            user_agent: concat!("lunadefend-rust/", env!("CARGO_PKG_VERSION")).to_owned(),
            #[cfg(unix)]
            unix_socket: None,
        }
    }

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
        let tls = self.tls.then(|| tls::trusting_system(self.roots));
        let tls = tls.transpose()?;
        let user_agent =
            HeaderValue::try_from(self.user_agent).map_err(|error| HttpError::Build {
                advice: "the user agent cannot be sent in a header",
                source: error.into(),
            })?;
        let connector = Connector::new(
            tls,
            self.connect_timeout,
            #[cfg(unix)]
            self.unix_socket,
        );
        Ok(HttpClient(Arc::new(Inner {
            pooled: pooled(connector.clone(), usize::MAX),
            poolless: pooled(connector, 0),
            user_agent,
            tls: self.tls,
        })))
    }
}

/// Returns a client that keeps this many idle connections for each host.
fn pooled(connector: Connector, idle_connections: usize) -> legacy::Client<Connector, Outgoing> {
    let mut client = legacy::Client::builder(TokioExecutor::new());
    client
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_max_idle_per_host(idle_connections)
        // Below the idle timeout of common load balancers (60 s), so that they do not close a
        // connection at the moment of its next use.
        .pool_idle_timeout(Duration::from_secs(50));
    // Pings notice a vanished peer; otherwise one deadline after the other would pass.
    #[cfg(feature = "http2")]
    client
        .http2_keep_alive_interval(Duration::from_secs(10))
        .http2_keep_alive_timeout(Duration::from_secs(5))
        .http2_max_header_list_size(64 * 1024);
    client.build(connector)
}
