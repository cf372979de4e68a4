//! `/health`: whether the tokenizer can do its work.

use crate::{error::ApiError, response, state::Shared};
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::HeaderValue;
use lunadefend_core::{provider::Clock, wire::TOKENIZER_TIME};
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;

/// A store that does not answer is not healthy, and whoever asks has a deadline of his own.
const DEADLINE: Duration = Duration::from_secs(3);

/// Says how the store is, and what time it is here: JWTs are judged by that.
pub(super) async fn check(State(shared): State<Arc<Shared>>) -> Response {
    let checked = check_store(&shared).await.map(|()| response::success());
    let mut response = checked.into_response();
    let now = shared.vault.clock().unix_millis();
    response
        .headers_mut()
        .insert(TOKENIZER_TIME, HeaderValue::from(now.get()));
    response
}

/// Reads from the store. It does not ask for the application's keys: the application may be what is
/// down.
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
