//! Connections: by TCP or to a Unix socket, with TLS or without.

mod stream;

use crate::error::BoxError;
use http::{Uri, uri::Scheme};
use hyper_util::client::legacy::connect::HttpConnector;
use rustls::{ClientConfig, pki_types::ServerName};
#[cfg(unix)]
use std::path::PathBuf;
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use stream::{Io, Stream};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tower_service::Service;

/// Opens connections. hyper clones it for each request.
#[derive(Clone)]
pub(super) struct Connector(Arc<How>);

struct How {
    tcp: HttpConnector,
    /// Without it no `https` request gets here.
    tls: Option<TlsConnector>,
    /// For all of it, the TLS handshake included.
    timeout: Duration,
    #[cfg(unix)]
    unix_socket: Option<PathBuf>,
}

/// There is no connection before the connect timeout has passed.
#[derive(Debug, thiserror::Error)]
#[error("it took too long")]
struct TookTooLong;

#[derive(Debug, thiserror::Error)]
#[error("TLS is off")]
struct NoTls;

impl Connector {
    pub(super) fn new(
        tls: Option<ClientConfig>,
        timeout: Duration,
        #[cfg(unix)] unix_socket: Option<PathBuf>,
    ) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        // Of several addresses each has its part of the time.
        tcp.set_connect_timeout(Some(timeout));
        tcp.set_nodelay(true);
        // A peer that vanished is noticed, while a response is awaited and in the pool.
        tcp.set_keepalive(Some(Duration::from_secs(15)));
        tcp.set_keepalive_interval(Some(Duration::from_secs(15)));
        tcp.set_keepalive_retries(Some(3));
        #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
        tcp.set_tcp_user_timeout(Some(Duration::from_secs(30)));
        Self(Arc::new(How {
            tcp,
            tls: tls.map(|config| TlsConnector::from(Arc::new(config))),
            timeout,
            #[cfg(unix)]
            unix_socket,
        }))
    }
}

impl How {
    async fn connect(&self, uri: Uri) -> Result<Stream, BoxError> {
        let name = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => Some(server_name(&uri)?),
            _ => None,
        };
        let io = self.open(uri).await?;
        let Some(name) = name else {
            return Ok(Stream::new(io, false));
        };
        let tls = self.tls.as_ref().ok_or(NoTls)?;
        let io = tls.connect(name, io).await?;
        let is_http2 = io.get_ref().1.alpn_protocol() == Some(b"h2");
        Ok(Stream::new(Box::new(io), is_http2))
    }

    async fn open(&self, uri: Uri) -> Result<Box<dyn Io>, BoxError> {
        #[cfg(unix)]
        if let Some(path) = &self.unix_socket {
            return Ok(Box::new(tokio::net::UnixStream::connect(path).await?));
        }
        Ok(Box::new(self.tcp.clone().call(uri).await?.into_inner()))
    }
}

/// The name or address that the certificate must be for.
fn server_name(uri: &Uri) -> Result<ServerName<'static>, BoxError> {
    let host = uri.host().unwrap_or_default();
    // An IPv6 address is in brackets in a URL alone.
    let host = host.trim_start_matches('[').trim_end_matches(']');
    Ok(ServerName::try_from(host)?.to_owned())
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let how = Arc::clone(&self.0);
        Box::pin(async move {
            let stream = timeout(how.timeout, how.connect(uri)).await;
            stream.unwrap_or_else(|_| Err(TookTooLong.into()))
        })
    }
}
