//! The body that an endpoint takes.

use crate::route::BodyLimit;
use axum::{body::Body, extract::Request, response::Response};

/// Gives the body extractors the limits of the row; without these they read nothing. An endpoint that takes
/// no body does not see one.
pub(crate) async fn set<F: Future<Output = Response>>(
    limit: BodyLimit,
    mut request: Request,
    next: impl FnOnce(Request) -> F,
) -> Response {
    request.extensions_mut().insert(limit);
    if let BodyLimit::Empty = limit {
        request = request.map(|_| Body::empty());
    }
    next(request).await
}
