//! `/health`: whether the tokenizer works.

use crate::{
    error::ApiError,
    operation::{Operation, done},
    response,
    state::Shared,
};
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode};
use lunadefend_core::{
    provider::Clock,
    wire::{TOKENIZER_PROVIDERS, TOKENIZER_TIME},
};
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;

/// A store that does not respond is not healthy, and the caller has their own deadline.
const DEADLINE: Duration = Duration::from_secs(3);

/// Describes [`check`].
pub(super) fn about_check() -> Operation {
    done("Says whether the store can be read and written.")
        .sends(
            TOKENIZER_TIME,
            "The time of the tokenizer, in milliseconds since the Unix epoch.",
        )
        .sends(TOKENIZER_PROVIDERS, "The number of its auth providers.")
        .refusals_too()
        .refuses(
            StatusCode::SERVICE_UNAVAILABLE,
            "The store does not work, with the reason.",
        )
}

/// Returns the state of the store, the tokenizer's time, by which it verifies JWTs, and the number of auth providers.
pub(super) async fn check(State(shared): State<Arc<Shared>>) -> Response {
    let checked = check_store(&shared).await.map(|()| response::success());
    let mut response = checked.into_response();
    let now = shared.vault.clock().unix_millis();
    let headers = response.headers_mut();
    headers.insert(TOKENIZER_TIME, HeaderValue::from(now.get()));
    let providers = shared.config.providers.iter().count();
    headers.insert(TOKENIZER_PROVIDERS, HeaderValue::from(providers));
    response
}

/// Reads from the store. It does not fetch the application's keys: the application may be down.
pub(super) async fn check_store(shared: &Shared) -> Result<(), ApiError> {
    match timeout(DEADLINE, shared.vault.check_health()).await {
        Ok(outcome) => Ok(outcome?),
        Err(_) => {
            tracing::error!("the store does not answer");
            Err(ApiError::unavailable(
                "the tokenizer's store is not available",
            ))
        }
    }
}
