//! No service worker at the tokenizer's origin.

use crate::{error::ApiError, headers::SERVICE_WORKER};
use axum::{
    extract::Request,
    response::{IntoResponse, Response},
};

/// Refuses a request for the script of a service worker, on every route.
///
/// # Security
/// A service worker would stand between the frame and the tokenizer, and outlive both.
pub(crate) async fn refuse<F: Future<Output = Response>>(
    request: Request,
    next: impl FnOnce(Request) -> F,
) -> Response {
    if request.headers().contains_key(SERVICE_WORKER) {
        let refused = ApiError::forbidden("no script of the tokenizer may be a service worker");
        return refused.into_response();
    }
    next(request).await
}
