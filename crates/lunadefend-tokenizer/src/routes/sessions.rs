//! `/v2/sessions/*`: for the application, about its own sessions.

use crate::{body::Json, error::ApiError, response, state::Shared};
use axum::{extract::State, response::Response};
use lunadefend_core::wire::{Empty, SessionRevoke};
use std::sync::Arc;

/// `POST /v2/sessions/revoke`: ends a session for good. Ending it again is no error.
pub(super) async fn revoke(
    State(shared): State<Arc<Shared>>,
    Json(request): Json<SessionRevoke>,
) -> Result<Response, ApiError> {
    shared
        .vault
        .end_session(&request.session_id, shared.ends_are_remembered_until())
        .await?;
    Ok(response::data(Empty {}))
}
