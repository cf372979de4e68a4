//! The ends of sessions: for the application, about its own, and for the operator.

use crate::{body::Json, error::ApiError, response, state::Shared, trail::Trail};
use axum::{extract::State, response::Response};
use lunadefend_core::wire::{Empty, SessionRevoke};
use std::sync::Arc;

/// `POST /v2/sessions/revoke`: ends a session for good. Ending it again is no error.
pub(super) async fn revoke(
    State(shared): State<Arc<Shared>>,
    trail: Trail,
    Json(request): Json<SessionRevoke>,
) -> Result<Response, ApiError> {
    trail.about_session(&request.session_id);
    shared
        .vault
        .end_session(&request.session_id, shared.ends_are_remembered_until())
        .await?;
    Ok(response::data(Empty {}))
}

/// `POST /sessions/revoke`: the same for the operator.
pub(super) async fn revoke_for_operator(
    shared: State<Arc<Shared>>,
    trail: Trail,
    request: Json<SessionRevoke>,
) -> Result<Response, ApiError> {
    let done = revoke(shared, trail, request).await?;
    tracing::warn!("the operator ended a session");
    Ok(done)
}
