//! Why a request has no answer.

mod tls_advice;

use http::{HeaderMap, StatusCode};
use std::{error::Error as StdError, fmt};

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
#[derive(Debug, thiserror::Error)]
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
    /// The body is content-encoded although nobody asked for that.
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

impl HttpError {
    /// Whether it is certain that nothing of the request was sent, so that any request may be sent
    /// again.
    #[must_use]
    pub const fn is_connect(&self) -> bool {
        matches!(self, Self::Connect { .. } | Self::Tls { .. })
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
        if error.is_connect() {
            let source = error.into();
            match tls_cause(&source).map(tls_advice::advice) {
                Some(advice) => Self::Tls { advice, source },
                None => Self::Connect { source },
            }
        } else {
            Self::Transport {
                source: error.into(),
            }
        }
    }

    pub(crate) fn from_body(head: Head, error: reqwest::Error) -> Self {
        Self::Truncated {
            head: Box::new(head),
            source: error.without_url().into(),
        }
    }
}

fn tls_cause(error: &BoxError) -> Option<&rustls::Error> {
    let mut cause: Option<&(dyn StdError + 'static)> = Some(error.as_ref());
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref() {
            return Some(error);
        }
        // The source of an `io::Error` is that of the error which it wraps, not that error itself.
        cause = match error.downcast_ref::<std::io::Error>() {
            Some(error) => error.get_ref().map(|inner| inner as _),
            None => error.source(),
        };
    }
    None
}
