//! Turning rejections that are errors back into replies.

use lunadefend_core::{Error, adapter::log_and_render};
use warp::{Rejection, Reply, reply::Response};

/// Turns a rejection that is an [`Error`] into its reply, and returns every other rejection unchanged.
///
/// [`Luna::handle`](crate::Luna::handle) already does this. Call it on your own routes, such as those built
/// with [`Luna::extract`](crate::Luna::extract):
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
/// In your own recover function, find the error by [`Error::in_rejection`].
///
/// # Security
/// Recover each route separately. If you recover all routes together, warp first offers a rejected request to
/// the later routes. A route for every path, such as a directory of files, would then reply instead.
///
/// # Errors
/// The rejection, when it contains no [`Error`].
pub async fn recover(rejection: Rejection) -> Result<Response, Rejection> {
    match Error::in_rejection(&rejection) {
        Some(error) => Ok(log_and_render(error).into_response()),
        None => Err(rejection),
    }
}
