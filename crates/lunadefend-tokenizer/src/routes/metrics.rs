//! `/metrics`, for Prometheus.

use super::status;
use crate::{
    error::ApiError,
    metrics::Reading,
    operation::{Operation, bytes},
    state::Shared,
};
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::header::CONTENT_TYPE;
use lunadefend_audit::Audit;
use std::sync::Arc;

/// The text format of OpenMetrics.
const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Describes [`show`].
pub(super) fn about_show() -> Operation {
    bytes(MEDIA_TYPE, "Returns the metrics of the tokenizer.")
}

/// Returns all metrics. It checks the store as `/status` does.
pub(super) async fn show(State(shared): State<Arc<Shared>>) -> Result<Response, ApiError> {
    let reading = Reading {
        status: status::read(&shared).await,
        draining: shared.readiness.is_draining(),
        clock_difference: shared.vault.clock_difference(),
        commits: shared.vault.commits().unwrap_or_default(),
        key_versions: shared.vault.wrapping_keys().len(),
        audit: shared.config.audit.as_ref().map(Audit::counters),
    };
    let text = shared.metrics.encode(&reading);
    let text = text.map_err(|_| ApiError::internal())?;
    Ok(([(CONTENT_TYPE, MEDIA_TYPE)], text).into_response())
}
