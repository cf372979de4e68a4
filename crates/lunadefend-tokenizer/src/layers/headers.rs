//! Headers that all responses of a route carry.

use axum::{extract::Request, response::Response};
use http::{HeaderName, HeaderValue};

/// Adds them to every response, including refusals: whichever layer makes the response, the route sets its
/// headers.
pub(crate) async fn add<F: Future<Output = Response>>(
    additional: &[(HeaderName, HeaderValue)],
    request: Request,
    next: impl FnOnce(Request) -> F,
) -> Response {
    let mut response = next(request).await;
    let headers = response.headers_mut();
    for (name, value) in additional {
        headers.insert(name, value.clone());
    }
    response
}
