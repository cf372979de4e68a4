//! `/health`: whether the tokenizer can do its work.

use crate::{
    answer::{self, Refusal},
    service::Shared,
};
use axum::{extract::State, response::Response};
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;

/// A store that does not answer is not healthy, and whoever asks has a deadline of his own.
const DEADLINE: Duration = Duration::from_secs(3);

/// Reads from the store. It does not ask for the application's keys: the application may be what is
/// down.
pub(super) async fn check(State(shared): State<Arc<Shared>>) -> Result<Response, Refusal> {
    match timeout(DEADLINE, shared.vault.check_health()).await {
        Ok(outcome) => {
            outcome?;
            Ok(answer::success())
        }
        Err(_) => {
            tracing::error!("the store does not answer");
            Err(Refusal::unavailable(
                "the tokenizer's store is not available",
            ))
        }
    }
}
