//! `/health`: whether the tokenizer can do its work.

use crate::{
    answer::{self, Refusal},
    service::Shared,
};
use axum::{extract::State, response::Response};
use http::{HeaderName, HeaderValue};
use std::{
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};
use tokio::time::timeout;

/// A store that does not answer is not healthy, and whoever asks has a deadline of his own.
const DEADLINE: Duration = Duration::from_secs(3);

/// The tokenizer's own time, in milliseconds since the Unix epoch: proxies put their own into `Date`.
const TIME: HeaderName = HeaderName::from_static("lunadefend-time");

/// Reads from the store. It does not ask for the application's keys: the application may be what is
/// down.
pub(super) async fn check(State(shared): State<Arc<Shared>>) -> Result<Response, Refusal> {
    match timeout(DEADLINE, shared.vault.check_health()).await {
        Ok(outcome) => {
            outcome?;
            let mut answer = answer::success();
            let now = shared.vault.clock().now().duration_since(UNIX_EPOCH);
            if let Ok(now) = now
                && let Ok(millis) = u64::try_from(now.as_millis())
            {
                answer.headers_mut().insert(TIME, HeaderValue::from(millis));
            }
            Ok(answer)
        }
        Err(_) => {
            tracing::error!("the store does not answer");
            Err(Refusal::unavailable(
                "the tokenizer's store is not available",
            ))
        }
    }
}
