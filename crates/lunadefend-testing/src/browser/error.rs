//! Why a browser has no response to show.

use http::header::{InvalidHeaderName, InvalidHeaderValue};
use std::error::Error;

/// Why a browser has no response to show. A response with any status is none of these.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BrowserError {
    /// The HTTP client cannot be made.
    #[error("cannot make an HTTP client")]
    Client(#[source] Box<dyn Error + Send + Sync>),
    /// The test gave a URL that is none, or a redirect leads to one.
    #[error("not an absolute URL")]
    Url(#[source] url::ParseError),
    /// The test gave a name of a header that cannot be sent.
    #[error("not the name of a header")]
    HeaderName(#[from] InvalidHeaderName),
    /// The test gave a header that cannot be sent.
    #[error("not the value of a header")]
    HeaderValue(#[from] InvalidHeaderValue),
    /// No response came from this origin.
    #[error("no response from {0}: is it running there?")]
    NoResponse(String, #[source] Box<dyn Error + Send + Sync>),
    /// A redirect does not say where to.
    #[error("a redirect without a location")]
    NoLocation,
    /// Redirects do not end.
    #[error("redirected too often")]
    TooManyRedirects,
    /// A step did not succeed that must before the next: what was done, and what came back.
    #[error("{0}: {1}")]
    Refused(&'static str, String),
}
