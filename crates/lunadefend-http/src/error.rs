//! Why a request has no answer.

mod tls_advice;

use http::{HeaderMap, StatusCode};
use std::{error::Error as StdError, fmt, io};

type BoxError = Box<dyn StdError + Send + Sync + 'static>;

/// The status and the headers of an answer whose body could not be used.
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

/// Why a request has no usable answer.
///
/// # Security
/// Neither the messages nor the sources contain the URL, a header or a piece of a body.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// No connection could be made: the name is unknown, nothing listens, or the connect timeout has
    /// passed. Nothing was sent.
    #[error("cannot connect")]
    Connect {
        /// The cause.
        #[source]
        source: BoxError,
    },
    /// The TLS handshake failed. Nothing was sent.
    #[error("the TLS handshake failed: {advice}")]
    Tls {
        /// What to do about it.
        advice: &'static str,
        /// The cause.
        #[source]
        source: BoxError,
    },
    /// The deadline passed. The request may have been received.
    #[error("no complete answer before the deadline")]
    Timeout,
    /// The server said that it did not process the request: by GOAWAY for a later stream or by
    /// REFUSED_STREAM (RFC 9113 sections 6.8 and 8.7), or the connection closed before its turn came.
    #[error("the server did not take the request")]
    NotTaken {
        /// The cause.
        #[source]
        source: BoxError,
    },
    /// The connection broke before the head of an answer, or what came is not HTTP. The request may
    /// have been received.
    #[error("the connection broke or the answer is not HTTP")]
    Transport {
        /// The cause.
        #[source]
        source: BoxError,
    },
    /// The head of an answer came, and its body broke off.
    #[error("the body of the answer broke off")]
    Truncated {
        /// What came before.
        head: Box<Head>,
        /// The cause.
        #[source]
        source: BoxError,
    },
    /// The body is longer than the caller reads.
    #[error("the body of the answer is longer than {limit} bytes")]
    TooLarge {
        /// What came before.
        head: Box<Head>,
        /// What the caller reads at most, in bytes.
        limit: usize,
    },
    /// The body is content-encoded although the request did not allow it.
    #[error("the body of the answer is compressed or otherwise encoded")]
    Encoded {
        /// What came before.
        head: Box<Head>,
    },
    /// The URL of the request cannot be used: not a URL, neither http nor https, or with userinfo.
    #[error("the URL of the request is not an http or https URL without userinfo")]
    Url,
    /// An https URL was asked for, and the client was built without TLS.
    #[error("the client was built without TLS: enable it to use https URLs")]
    TlsDisabled,
    /// The client could not be built.
    #[error("the HTTP client cannot be set up: {advice}")]
    Build {
        /// What to do about it.
        advice: &'static str,
        /// The cause.
        #[source]
        source: BoxError,
    },
}

/// What a `main` that returns it prints: as `Display`, and the causes.
impl fmt::Debug for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt_with_causes(self, f)
    }
}

/// Writes an error and all of its causes in one line. That of core is out of reach: this crate depends on no
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
    /// Whether it is certain that the request was not processed, so that any request may be sent again:
    /// nothing of it was sent, or the server says so.
    #[must_use]
    pub const fn is_unprocessed(&self) -> bool {
        matches!(
            self,
            Self::Connect { .. } | Self::Tls { .. } | Self::NotTaken { .. }
        )
    }

    /// The status and the headers, when they came before things went wrong.
    #[must_use]
    pub fn head(&self) -> Option<&Head> {
        match self {
            Self::Truncated { head, .. } | Self::TooLarge { head, .. } | Self::Encoded { head } => {
                Some(head)
            }
            _ => None,
        }
    }

    /// Sorts an error of sending the request, up to the head of the answer.
    pub(crate) fn from_send(error: reqwest::Error) -> Self {
        // The URL may carry a signature or a JWT.
        let error = error.without_url();
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

    pub(crate) fn from_body(head: Head, error: reqwest::Error) -> Self {
        Self::Truncated {
            head: Box::new(head),
            source: error.without_url().into(),
        }
    }
}

/// An error and what caused it.
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

/// Whether the peer, or our own side of the connection, says that a request was never looked at.
fn says_not_taken(cause: &(dyn StdError + 'static)) -> bool {
    if let Some(error) = cause.downcast_ref::<h2::Error>() {
        // A GOAWAY ends the streams above its last one, whatever its reason; those below go on.
        let is_refused = error.reason() == Some(h2::Reason::REFUSED_STREAM);
        return error.is_remote() && (error.is_go_away() || error.is_reset() && is_refused);
    }
    // It waited in the queue of a connection that closed.
    let error = cause.downcast_ref::<hyper::Error>();
    error.is_some_and(hyper::Error::is_canceled)
}
