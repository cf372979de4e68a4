//! Errors as warp replies and rejections.

use std::{error::Error as StdError, fmt};
use warp::{Rejection, Reply, reject::Reject, reply::Response};

/// A [`lunadefend_core::Error`] that warp can answer with: the error of handlers and filters.
///
/// As a reply it is `{"success":false,"error":{"name","message","code"}}` with the status of the
/// error. Nothing of the request is in it, and nothing of the cause, which is logged for a 5xx. As a
/// rejection it is for [`Filter::and_then`](warp::Filter::and_then); [`recover`] makes the reply of it.
///
/// # Security
/// warp answers a rejection that nobody recovers from with its `Debug`, so that this one's shows
/// neither the cause nor more than a reply would.
pub struct Error(lunadefend_core::Error);

impl Error {
    /// The error itself.
    #[must_use]
    pub fn into_inner(self) -> lunadefend_core::Error {
        self.0
    }
}

impl AsRef<lunadefend_core::Error> for Error {
    fn as_ref(&self) -> &lunadefend_core::Error {
        &self.0
    }
}

impl From<lunadefend_core::Error> for Error {
    fn from(error: lunadefend_core::Error) -> Self {
        Self(error)
    }
}

impl From<lunadefend_core::ErrorKind> for Error {
    fn from(kind: lunadefend_core::ErrorKind) -> Self {
        Self(kind.into())
    }
}

impl From<Error> for lunadefend_core::Error {
    fn from(error: Error) -> Self {
        error.0
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("name", &self.0.name())
            .field("message", &self.0.message())
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()
    }
}

impl Reject for Error {}

impl Reply for Error {
    fn into_response(self) -> Response {
        reply(&self)
    }
}

/// Makes the reply of a rejection that is an [`Error`], and leaves every other rejection as it is.
///
/// [`Luna::handle`](crate::Luna::handle) does this by itself. Call it on a route that is put together
/// without it, from [`Luna::session`](crate::Luna::session) for example:
///
/// ```
/// use lunadefend_warp::{Error, Luna, Session, recover};
/// use warp::{Filter, Rejection, Reply};
///
/// fn me(luna: &Luna) -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
///     warp::path!("me")
///         .and(luna.session())
///         .map(|_: Session| "somebody")
///         .recover(recover)
/// }
/// ```
///
/// # Security
/// Recover each route by itself. Where it is done for all routes together, a request that one of
/// them refused is first offered to those behind it: one that takes every path, such as a directory
/// of files, would answer in its place.
///
/// # Errors
/// The rejection, when no [`Error`] is in it.
pub async fn recover(rejection: Rejection) -> Result<Response, Rejection> {
    match rejection.find::<Error>() {
        Some(error) => Ok(reply(error)),
        None => Err(rejection),
    }
}

fn reply(error: &Error) -> Response {
    lunadefend_core::error_response(&error.0).into_response()
}
