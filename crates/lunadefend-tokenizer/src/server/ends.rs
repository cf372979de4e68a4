//! What the log says of the ends of connections.

use super::{phase::Phase, tls::HandshakeError};
use std::sync::atomic::{AtomicBool, Ordering};

/// The log of a server's connections. What a proxy does again and again is a warning once.
#[derive(Debug, Default)]
pub(super) struct Ends {
    http2: AtomicBool,
    cleartext: AtomicBool,
}

impl Ends {
    /// Logs the end of a connection.
    pub(super) fn log(&self, outcome: hyper::Result<()>, phase: &Phase) {
        const HTTP2: &str = "a client speaks HTTP/2 without TLS, and the tokenizer HTTP/1.1 only: set the proxy in front to HTTP/1.1 for the tokenizer";
        if phase.is_http2() {
            warn_once(&self.http2, HTTP2);
        } else if let Err(error) = outcome {
            tracing::debug!(
                error = &error as &dyn std::error::Error,
                "a connection ended early"
            );
        }
    }

    /// Logs that a connection has ended before it was one.
    pub(super) fn log_handshake(&self, error: &HandshakeError) {
        const CLEARTEXT: &str = "a client speaks without TLS to a tokenizer that has TLS: set its URL, or that of the proxy in front, to https://";
        match error {
            HandshakeError::Cleartext => warn_once(&self.cleartext, CLEARTEXT),
            HandshakeError::Failed(error) => tracing::debug!(
                error = error as &dyn std::error::Error,
                "a TLS handshake failed"
            ),
        }
    }
}

fn warn_once(was_logged: &AtomicBool, text: &'static str) {
    if was_logged.swap(true, Ordering::Relaxed) {
        tracing::debug!(text);
    } else {
        tracing::warn!(text);
    }
}
