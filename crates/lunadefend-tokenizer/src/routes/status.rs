//! `/status`, for the operator: the state of the tokenizer.

use super::health;
use crate::{
    response,
    state::Shared,
    status::{ConnectionsStatus, Status, StoreStatus},
};
use axum::{extract::State, response::Response};
use std::sync::Arc;

/// Returns the status.
pub(super) async fn show(State(shared): State<Arc<Shared>>) -> Response {
    response::data(read(&shared).await)
}

/// Checks the store as `/health` does, and returns all that is known without other requests.
pub(super) async fn read(shared: &Shared) -> Status {
    let activity = &shared.activity;
    let uptime = shared.timer.monotonic().saturating_sub(activity.started());
    let places = activity.places();
    Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        uptime_seconds: uptime.as_secs(),
        store: store(shared).await,
        keys: shared.keys.status(),
        connections: places.map(|places| ConnectionsStatus {
            used: places.taken(),
            maximum: places.count(),
        }),
        uploads: activity.uploads(),
    }
}

async fn store(shared: &Shared) -> StoreStatus {
    if health::check_store(shared).await.is_err() {
        StoreStatus::Unavailable
    } else {
        match shared.vault.has_room().await {
            Ok(true) => StoreStatus::Ok,
            Ok(false) => StoreStatus::NoRoom,
            Err(_) => StoreStatus::Unavailable,
        }
    }
}
