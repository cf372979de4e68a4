//! `/live` and `/ready`: what a supervisor and a balancer ask.

use super::health;
use crate::{
    error::ApiError,
    operation::{Operation, done},
    response,
    state::Shared,
};
use axum::{extract::State, response::Response};
use http::StatusCode;
use std::sync::Arc;

/// Describes [`live`].
pub(super) fn about_live() -> Operation {
    done("Says that the process answers, whatever the state of its store.")
}

/// Responds.
pub(super) async fn live() -> Response {
    response::success()
}

/// Describes [`ready`].
pub(super) fn about_ready() -> Operation {
    done("Says whether a balancer should send requests here.").refuses(
        StatusCode::SERVICE_UNAVAILABLE,
        "The store does not work, or the tokenizer is about to stop.",
    )
}

/// Says whether the store can be read and written, with its key ring, and no drain has begun.
///
/// The application's keys do not count: an application that waits for its tokenizer would never start.
///
/// # Security
/// The response has no reason: the log has it.
pub(super) async fn ready(State(shared): State<Arc<Shared>>) -> Result<Response, ApiError> {
    let check = async { health::check_store(&shared).await.is_ok() };
    let now = || shared.timer.monotonic();
    match shared.readiness.is_ready(now, check).await {
        true => Ok(response::success()),
        false => Err(ApiError::unavailable("the tokenizer is not ready")),
    }
}
