//! The keys of the store, for the operator. What changes them is about no token and no session.

use crate::{body::Json, error::ApiError, response, state::Shared, trail::Trail};
use axum::{extract::State, response::Response};
use http::StatusCode;
use lunadefend_core::wire::{
    Empty, RewrapDone, RewrapStep, WrappingKeyNumber, WrappingKeyState, WrappingKeys,
};
use lunadefend_vault::{InvalidCursor, KeysError};
use std::sync::Arc;

/// `GET /keys`: the versions of the wrapping key, as the store has them now.
pub(super) async fn list(State(shared): State<Arc<Shared>>) -> Result<Response, ApiError> {
    shared.vault.refresh_keys().await?;
    let keys = shared.vault.wrapping_keys().into_iter();
    let keys = keys.map(|key| WrappingKeyState {
        version: key.version,
        added_at: key.added_at.map(|at| at.get()),
        active_since: key.active_since.map(|at| at.get()),
        is_current: key.is_current,
    });
    Ok(response::data(WrappingKeys {
        keys: keys.collect(),
    }))
}

/// `POST /keys/add`: one more, which seals rows after three minutes.
pub(super) async fn add(
    State(shared): State<Arc<Shared>>,
    trail: Trail,
    Json(Empty {}): Json<Empty>,
) -> Result<Response, ApiError> {
    trail.about_tokens(&[]);
    let version = shared.vault.add_wrapping_key().await?;
    tracing::warn!(version, "the operator added a wrapping key");
    Ok(response::data(WrappingKeyNumber { version }))
}

/// `POST /keys/master`: the next master key takes the place of the present one.
pub(super) async fn rotate_master(
    State(shared): State<Arc<Shared>>,
    trail: Trail,
    Json(Empty {}): Json<Empty>,
) -> Result<Response, ApiError> {
    trail.about_tokens(&[]);
    shared.vault.rotate_master().await?;
    tracing::warn!("the operator changed the master key");
    Ok(response::data(Empty {}))
}

/// `POST /keys/rewrap`: seals some rows again, under the present key.
pub(super) async fn rewrap(
    State(shared): State<Arc<Shared>>,
    Json(step): Json<RewrapStep>,
) -> Result<Response, ApiError> {
    let from = step.from.map(|from| from.parse()).transpose();
    let from = from.map_err(|error: InvalidCursor| ApiError::bad_request(error.to_string()))?;
    let done = shared.vault.rewrap(from).await?;
    Ok(response::data(RewrapDone {
        seen: done.seen,
        sealed: done.sealed,
        next: done.next.map(|next| next.to_string()),
    }))
}

/// `POST /keys/retire`: deletes a version that seals no row.
pub(super) async fn retire(
    State(shared): State<Arc<Shared>>,
    trail: Trail,
    Json(WrappingKeyNumber { version }): Json<WrappingKeyNumber>,
) -> Result<Response, ApiError> {
    trail.about_tokens(&[]);
    shared.vault.retire_wrapping_key(version).await?;
    tracing::warn!(version, "the operator retired a wrapping key");
    Ok(response::data(Empty {}))
}

impl From<KeysError> for ApiError {
    fn from(error: KeysError) -> Self {
        match error {
            KeysError::Vault(error) => error.into(),
            KeysError::NoNextMaster => Self::new(
                StatusCode::CONFLICT,
                "no next master key was given: set LUNADEFEND_NEXT_MASTER_KEY, or its provider, and restart each tokenizer of the store",
            ),
            other => Self::new(StatusCode::CONFLICT, other.to_string()),
        }
    }
}
