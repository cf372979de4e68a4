//! The errors of a browser.

use http::header::{InvalidHeaderName, InvalidHeaderValue};
use std::error::Error;

/// Why a browser has no response. A response with any status is no error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BrowserError {
    /// The HTTP client cannot be set up.
    #[error("cannot make an HTTP client")]
    Client(#[source] Box<dyn Error + Send + Sync>),
    /// The test gave an invalid URL, or a redirect leads to one.
    #[error("not an absolute URL")]
    Url(#[source] url::ParseError),
    /// The test gave an invalid header name.
    #[error("not the name of a header")]
    HeaderName(#[from] InvalidHeaderName),
    /// The test gave an invalid header value.
    #[error("not the value of a header")]
    HeaderValue(#[from] InvalidHeaderValue),
    /// No response came from this origin.
    #[error("no response from {0}: is it running there?")]
    NoResponse(String, #[source] Box<dyn Error + Send + Sync>),
    /// A redirect has no valid `Location`.
    #[error("a redirect without a location")]
    NoLocation,
    /// There were too many redirects.
    #[error("redirected too often")]
    TooManyRedirects,
    /// A required step failed: the step, and the response to it.
    #[error("{0}: {1}")]
    Refused(&'static str, String),
}
