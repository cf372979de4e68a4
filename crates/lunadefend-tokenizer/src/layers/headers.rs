//! Headers that all responses of a route carry.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderName, HeaderValue};
use std::sync::Arc;

/// Adds them to every response, including refusals: whichever layer makes the response, the route sets its
/// headers.
pub(crate) async fn add(
    State(additional): State<Arc<[(HeaderName, HeaderValue)]>>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in &*additional {
        headers.insert(name, value.clone());
    }
    response
}
