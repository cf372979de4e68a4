//! The metrics of requests.

use crate::{error::Cause, state::Shared};
use axum::{extract::Request, response::Response};
use tokio::time::Instant;

/// Counts a request by the label of its route, its status, and the time until its response.
pub(crate) async fn measure<F: Future<Output = Response>>(
    shared: &Shared,
    label: &'static str,
    request: Request,
    next: impl FnOnce(Request) -> F,
) -> Response {
    let started = Instant::now();
    let response = next(request).await;
    if let Some(cause) = response.extensions().get::<Cause>() {
        shared.metrics.counts.failed(*cause);
    }
    let status = response.status().as_u16();
    shared.metrics.answered(label, status, started.elapsed());
    response
}
