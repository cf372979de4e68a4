//! `/grant/set`, `/grant/verify` and `/v2/grants/revoke`: for the application.

use crate::{auth, body::Json, destroy::Destroy, error::ApiError, response, state::Shared};
use axum::{extract::State, response::Response};
use lunadefend_core::{
    GrantDuration,
    provider::UnixMillis,
    wire::{Empty, GrantSet, GrantVerified, GrantVerify, GrantsRevoke},
};
use std::sync::Arc;

/// Grants a token to a session that has not ended. An earlier grant that lives longer stays.
pub(super) async fn set(
    State(shared): State<Arc<Shared>>,
    Json(request): Json<GrantSet>,
) -> Result<Response, ApiError> {
    let duration = shared
        .config
        .durations
        .resolve(request.custom_duration.as_deref())
        .map_err(|refusal| ApiError::bad_request(refusal.message()))?;
    auth::require_going_on(&request.session_id, &shared).await?;
    shared
        .vault
        .grant(
            &request.session_id,
            &request.token_id,
            expiry(&shared, duration),
        )
        .await?;
    Ok(response::data(Empty {}))
}

/// Returns whether a session holds a live grant for a token.
pub(super) async fn verify(
    State(shared): State<Arc<Shared>>,
    Json(request): Json<GrantVerify>,
) -> Result<Response, ApiError> {
    let expiry = shared
        .vault
        .grant_expiry(&request.session_id, &request.token_id)
        .await?;
    Ok(response::data(GrantVerified {
        valid: expiry.is_some(),
    }))
}

/// `POST /v2/grants/revoke`: ends the grant of one session, or those of all. Grants that are made later count.
pub(super) async fn revoke(
    State(shared): State<Arc<Shared>>,
    request: Destroy<GrantsRevoke>,
) -> Result<Response, ApiError> {
    let GrantsRevoke {
        session_id,
        token_id,
    } = request.spend(&shared).await?;
    match session_id {
        Some(session) => shared.vault.revoke_grant(&session, &token_id).await?,
        None => {
            let remembered_until = shared.ends_are_remembered_until();
            shared
                .vault
                .revoke_token(&token_id, remembered_until)
                .await?;
        }
    }
    Ok(response::data(Empty {}))
}

/// Returns the expiry of a grant that is made now.
pub(super) fn expiry(shared: &Shared, duration: GrantDuration) -> UnixMillis {
    shared.vault.clock().unix_millis() + duration.get()
}
