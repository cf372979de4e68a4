//! Why a request has no response.

mod tls_advice;

use http::{HeaderMap, StatusCode};
use std::{error::Error as StdError, fmt, io, time::Duration};

pub(crate) type BoxError = Box<dyn StdError + Send + Sync + 'static>;

/// The status and the headers of a response whose body is unusable.
#[derive(Clone)]
#[non_exhaustive]
pub struct Head {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
}

impl Head {
    pub(crate) const fn new(status: StatusCode, headers: HeaderMap) -> Self {
        Self { status, headers }
    }
}

impl fmt::Debug for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Head")
            .field("status", &self.status.as_u16())
            .finish_non_exhaustive()
    }
}

/// Why a request has no usable response.
///
/// # Security
/// Neither the messages nor the sources contain the URL, a header or a piece of a body.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// Connecting failed: the name is unknown, no server listens, or the connect timeout has passed. Nothing
    /// was sent.
    #[error("cannot connect")]
    Connect {
        /// The cause.
        #[source]
        source: BoxError,
    },
    /// The TLS handshake failed. Nothing was sent.
    #[error("the TLS handshake failed: {advice}")]
    Tls {
        /// The advice for the operator.
        advice: &'static str,
        /// The cause.
        #[source]
        source: BoxError,
    },
    /// The deadline passed. The request may have been received.
    #[error("no complete answer before the deadline")]
    Timeout,
    /// The server reported that it did not process the request: by GOAWAY for a later stream or by
    /// REFUSED_STREAM (RFC 9113 sections 6.8 and 8.7). Or the connection closed while the request was queued.
    #[error("the server did not take the request")]
    NotTaken {
        /// The cause.
        #[source]
        source: BoxError,
    },
    /// The connection broke before the head of a response, or the peer does not speak HTTP. The request may
    /// have been received.
    #[error("the connection broke or the answer is not HTTP")]
    Transport {
        /// The cause.
        #[source]
        source: BoxError,
    },
    /// The body of the response broke off after the head.
    #[error("the body of the answer broke off")]
    Truncated {
        /// The head of the response.
        head: Box<Head>,
        /// The cause.
        #[source]
        source: BoxError,
    },
    /// The body is longer than the caller's limit.
    #[error("the body of the answer is longer than {limit} bytes")]
    TooLarge {
        /// The head of the response.
        head: Box<Head>,
        /// The caller's limit, in bytes.
        limit: usize,
    },
    /// Nothing of a streamed body moved for too long. The request may have been received.
    #[error("the body did not move for {limit:?}")]
    Stalled {
        /// The caller's limit of time without progress.
        limit: Duration,
    },
    /// The caller's stream of the request's body failed, or has another length than announced. The request was
    /// broken off.
    #[error("the stream of the request's body failed")]
    Body {
        /// The cause.
        #[source]
        source: BoxError,
    },
    /// The end of a response cannot be told from a broken connection: it has neither a length nor chunks.
    #[error("the body of the answer has no marked end: neither content-length nor chunks")]
    Unframed {
        /// The head of the response.
        head: Box<Head>,
    },
    /// The body is content-encoded although the request did not allow it.
    #[error("the body of the answer is compressed or otherwise encoded")]
    Encoded {
        /// The head of the response.
        head: Box<Head>,
    },
    /// The URL of the request is unusable: not a URL, neither http nor https, or with userinfo.
    #[error("the URL of the request is not an http or https URL without userinfo")]
    Url,
    /// The URL is https, and the client was built without TLS.
    #[error("the client was built without TLS: enable it to use https URLs")]
    TlsDisabled,
    /// The client could not be built.
    #[error("the HTTP client cannot be set up: {advice}")]
    Build {
        /// The advice for the operator.
        advice: &'static str,
        /// The cause.
        #[source]
        source: BoxError,
    },
}

/// Prints the same as `Display`, with the causes, for a `main` that returns the error.
impl fmt::Debug for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt_with_causes(self, f)
    }
}

/// Writes an error and all its causes in one line. Core has such a function, but this crate depends on no
/// other of the workspace.
pub(crate) fn fmt_with_causes(error: &dyn StdError, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{error}")?;
    let mut cause = error.source();
    while let Some(error) = cause {
        write!(f, ": {error}")?;
        cause = error.source();
    }
    Ok(())
}

impl HttpError {
    /// Returns whether the request was certainly not processed, so that any request may be sent again:
    /// nothing was sent, or the server says so.
    #[must_use]
    pub const fn is_unprocessed(&self) -> bool {
        matches!(
            self,
            Self::Connect { .. } | Self::Tls { .. } | Self::NotTaken { .. }
        )
    }

    /// Returns the status and the headers, if they arrived before the failure.
    #[must_use]
    pub fn head(&self) -> Option<&Head> {
        match self {
            Self::Truncated { head, .. }
            | Self::TooLarge { head, .. }
            | Self::Unframed { head }
            | Self::Encoded { head } => Some(head),
            _ => None,
        }
    }

    /// Classifies an error of sending the request, up to the head of the response.
    pub(crate) fn from_send(error: hyper_util::client::legacy::Error) -> Self {
        let is_connect = error.is_connect();
        let source: BoxError = error.into();
        let tls = causes(&source).find_map(|cause| cause.downcast_ref::<rustls::Error>());
        if let Some(advice) = tls.filter(|_| is_connect).map(tls_advice::advice) {
            Self::Tls { advice, source }
        } else if is_connect {
            Self::Connect { source }
        } else if causes(&source).any(says_not_taken) {
            Self::NotTaken { source }
        } else {
            Self::Transport { source }
        }
    }

    pub(crate) fn from_body(head: Head, error: hyper::Error) -> Self {
        Self::Truncated {
            head: Box::new(head),
            source: error.into(),
        }
    }
}

/// Iterates over an error and its causes.
fn causes(error: &BoxError) -> impl Iterator<Item = &(dyn StdError + 'static)> {
    let first: &(dyn StdError + 'static) = error.as_ref();
    // The source of an `io::Error` is that of the error which it wraps, not that error itself.
    std::iter::successors(Some(first), |&error| {
        match error.downcast_ref::<io::Error>() {
            Some(error) => error.get_ref().map(|inner| inner as _),
            None => error.source(),
        }
    })
}

/// Returns whether the peer, or the client's own connection, reports that the request was never processed.
fn says_not_taken(cause: &(dyn StdError + 'static)) -> bool {
    #[cfg(feature = "http2")]
    if let Some(error) = cause.downcast_ref::<h2::Error>() {
        // A GOAWAY ends the streams above its last one, whatever its reason; those below go on.
        let is_refused = error.reason() == Some(h2::Reason::REFUSED_STREAM);
        return error.is_remote() && (error.is_go_away() || error.is_reset() && is_refused);
    }
    // The request waited in the queue of a connection that closed.
    let error = cause.downcast_ref::<hyper::Error>();
    error.is_some_and(hyper::Error::is_canceled)
}
