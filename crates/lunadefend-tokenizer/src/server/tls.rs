//! A connection inside TLS.

use super::stream::GuardedStream;
use crate::tls::HTTP2;
use rustls::{InvalidMessage, ServerConfig, ServerConnection};
use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf},
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, server};

/// What a client sends and gets inside TLS.
///
/// An end without TLS's own goodbye is an end: HTTP says by itself whether a request is whole. So a connection ends
/// the same way with TLS and without it, when its client is gone or its place is needed.
#[derive(Debug)]
pub(super) struct TlsStream<S>(server::TlsStream<GuardedStream<S>>);

/// Why there is no [`TlsStream`].
#[derive(Debug)]
pub(super) enum HandshakeError {
    /// The client speaks something else than TLS.
    Cleartext,
    /// It failed, or took too long.
    Failed(io::Error),
}

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream<S> {
    /// Does the handshake, for which the client has `time`.
    pub(super) async fn accept(
        stream: GuardedStream<S>,
        config: Arc<ServerConfig>,
        time: Duration,
    ) -> Result<Self, HandshakeError> {
        let handshake = TlsAcceptor::from(config).accept(stream).into_fallible();
        let (error, mut stream) = match timeout(time, handshake).await {
            Ok(Ok(stream)) => return Ok(Self::new(stream)),
            Ok(Err(failed)) => failed,
            Err(late) => return Err(HandshakeError::Failed(late.into())),
        };
        // The client reads the alert, and what it sent meanwhile does not destroy it.
        let _ = stream.shutdown().await;
        Err(match is_cleartext(&error) {
            true => HandshakeError::Cleartext,
            false => HandshakeError::Failed(error),
        })
    }

    fn new(mut stream: server::TlsStream<GuardedStream<S>>) -> Self {
        let (guard, tls) = stream.get_mut();
        if is_http2(tls) {
            guard.begin_streams();
            return Self(stream);
        }
        // The client's last message of the handshake may have brought a request along. An error comes again at the first read.
        let state = tls.process_new_packets();
        let has_request = state.is_ok_and(|state| state.plaintext_bytes_to_read() > 0);
        guard.begin_requests(has_request);
        Self(stream)
    }

    /// Returns whether client and server have agreed on HTTP/2.
    pub(super) fn is_http2(&self) -> bool {
        let (_, tls) = self.0.get_ref();
        is_http2(tls)
    }
}

fn is_http2(tls: &ServerConnection) -> bool {
    tls.alpn_protocol() == Some(HTTP2)
}

fn is_cleartext(error: &io::Error) -> bool {
    let error = error.get_ref().and_then(|error| error.downcast_ref());
    matches!(
        error,
        Some(rustls::Error::InvalidMessage(
            InvalidMessage::InvalidContentType
        ))
    )
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for TlsStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.0).poll_read(context, buffer) {
            Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Poll::Ready(Ok(()))
            }
            outcome => outcome,
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for TlsStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, data)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(context, data)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests;
