//! A request has at most one `authorization` header, on every route.

use crate::auth;
use axum::{
    extract::Request,
    response::{IntoResponse, Response},
};
use http::header;

/// Refuses a duplicate `authorization` header, even where no handler reads it.
///
/// # Security
/// The reader decides which of two counts, and a proxy in front may be one.
pub(crate) async fn require_one<F: Future<Output = Response>>(
    request: Request,
    next: impl FnOnce(Request) -> F,
) -> Response {
    let values = request.headers().get_all(header::AUTHORIZATION);
    if values.iter().nth(1).is_some() {
        return auth::duplicate_authorization().into_response();
    }
    next(request).await
}
