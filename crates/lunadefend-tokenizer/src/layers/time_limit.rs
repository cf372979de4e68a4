//! The time limit of a request until its response begins.

use crate::error::ApiError;
use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use std::time::Duration;
use tokio::time::timeout;

/// Responds with 503 when the time is over.
pub(crate) async fn enforce(
    State(limit): State<Duration>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    timeout(limit, next.run(request))
        .await
        .map_err(|_| ApiError::took_too_long())
}
