//! One span and one line of the log for each request.

use crate::context::RequestContext;
use axum::{extract::Request, response::Response};
use tokio::time::Instant;
use tracing::Instrument;

/// Runs a request in its own span, and logs its outcome: at info, or at debug when it is a probe.
///
/// # Security
/// It logs the route's label instead of the path: a path may hold a signed URL.
pub(crate) async fn trace<F: Future<Output = Response>>(
    label: &'static str,
    is_probe: bool,
    request: Request,
    next: impl FnOnce(Request) -> F,
) -> Response {
    let context = RequestContext::of(&request);
    let request_id = context.request_id().and_then(|id| id.to_str().ok());
    let span = tracing::debug_span!(
        "lunadefend.http",
        method = %request.method(),
        route = label,
        request_id,
        trace_id = tracing::field::Empty,
        parent_id = tracing::field::Empty,
    );
    let started = Instant::now();
    let response = next(request).instrument(span).await;
    let status = response.status().as_u16();
    let elapsed_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    // The span is there at debug only: the line says by itself what it is about.
    if is_probe {
        tracing::debug!(route = label, status, elapsed_us, request_id, "answered");
    } else {
        tracing::info!(route = label, status, elapsed_us, request_id, "answered");
    }
    response
}
