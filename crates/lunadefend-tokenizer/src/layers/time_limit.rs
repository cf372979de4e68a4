//! The time limit of a request until its response begins.

use crate::{error::ApiError, route::TimeLimit};
use axum::{
    extract::Request,
    response::{IntoResponse, Response},
};
use std::time::Duration;
use tokio::time::timeout;

/// Responds with 503 when the time is over.
pub(crate) async fn enforce<F: Future<Output = Response>>(
    kind: TimeLimit,
    limit: Duration,
    request: Request,
    next: impl FnOnce(Request) -> F,
) -> Response {
    match kind {
        TimeLimit::Progress => next(request).await,
        TimeLimit::Whole => timeout(limit, next(request))
            .await
            .unwrap_or_else(|_| ApiError::took_too_long().into_response()),
    }
}
