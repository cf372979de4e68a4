//! A request has at most one `authorization` header, on every route.

use crate::{auth, error::ApiError};
use axum::{extract::Request, middleware::Next, response::Response};
use http::header;

/// Refuses a duplicate `authorization` header, even where no handler reads it.
///
/// # Security
/// The reader decides which of two counts, and a proxy in front may be one.
pub(crate) async fn require_one(request: Request, next: Next) -> Result<Response, ApiError> {
    let values = request.headers().get_all(header::AUTHORIZATION);
    if values.iter().nth(1).is_some() {
        return Err(auth::duplicate_authorization());
    }
    Ok(next.run(request).await)
}
