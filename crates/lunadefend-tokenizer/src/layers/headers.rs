//! Headers that all responses of a route carry.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderName, HeaderValue};
use std::sync::Arc;

/// Adds them to every response, refusals included: whichever layer makes it, the route says how it may
/// be used.
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
