//! One span and one line of the log for each request.

use crate::context::RequestContext;
use axum::{
    Extension,
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use tokio::time::Instant;
use tracing::Instrument;

/// Runs a request in its own span, and logs its outcome.
///
/// # Security
/// It logs the route's label instead of the path: a path may hold a signed URL.
pub(crate) async fn trace(
    State(label): State<&'static str>,
    Extension(context): Extension<RequestContext>,
    request: Request,
    next: Next,
) -> Response {
    let id = context.request_id();
    let span = tracing::debug_span!(
        "lunadefend.http",
        method = %request.method(),
        route = label,
        request_id = id.and_then(|id| id.to_str().ok()),
    );
    let started = Instant::now();
    let response = next.run(request).instrument(span.clone()).await;
    span.in_scope(|| {
        tracing::debug!(
            status = response.status().as_u16(),
            elapsed_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
            "answered"
        );
    });
    response
}
