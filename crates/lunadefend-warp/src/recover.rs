//! Rejections that are errors, made replies again.

use lunadefend_core::{Error, adapter::log_and_render};
use warp::{Rejection, Reply, reply::Response};

/// Makes the reply of a rejection that is an [`Error`], and leaves every other rejection as it is.
///
/// [`Luna::handle`](crate::Luna::handle) does this by itself. Call it on a route that is put together
/// without it, from [`Luna::extract`](crate::Luna::extract) for example:
///
/// ```
/// use lunadefend_warp::{Error, Luna, Session, recover};
/// use warp::{Filter, Rejection, Reply};
///
/// fn me(luna: &Luna) -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
///     warp::path!("me")
///         .and(luna.extract())
///         .map(|_: Session| "logged in")
///         .recover(recover)
/// }
/// ```
///
/// A function of your own finds the error by [`Error::in_rejection`].
///
/// # Security
/// Recover each route by itself. Where it is done for all routes together, a request that one of
/// them refused is first offered to those behind it: one that takes every path, such as a directory
/// of files, would answer in its place.
///
/// # Errors
/// The rejection, when no [`Error`] is in it.
pub async fn recover(rejection: Rejection) -> Result<Response, Rejection> {
    match Error::in_rejection(&rejection) {
        Some(error) => Ok(log_and_render(error).into_response()),
        None => Err(rejection),
    }
}
