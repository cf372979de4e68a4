//! No service worker at the tokenizer's origin.

use crate::{error::ApiError, headers::SERVICE_WORKER};
use axum::{extract::Request, middleware::Next, response::Response};

/// Refuses a request for the script of a service worker, on every route.
///
/// # Security
/// A service worker would stand between the frame and the tokenizer, and outlive both.
pub(crate) async fn refuse(request: Request, next: Next) -> Result<Response, ApiError> {
    if request.headers().contains_key(SERVICE_WORKER) {
        return Err(ApiError::forbidden(
            "no script of the tokenizer may be a service worker",
        ));
    }
    Ok(next.run(request).await)
}
