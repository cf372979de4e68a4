//! `/grant/set`, `/grant/verify` and `/v2/grants/revoke`: for the application.

use crate::{
    auth,
    body::Json,
    destroy::Destroy,
    error::ApiError,
    operation::{Operation, data},
    response,
    state::Shared,
    trail::{Trail, of_token},
};
use axum::{extract::State, response::Response};
use http::StatusCode;
use lunadefend_audit::Item;
use lunadefend_core::{
    GrantDuration,
    provider::UnixMillis,
    wire::{Empty, GrantSet, GrantVerified, GrantVerify, GrantsRevoke},
};
use std::sync::Arc;

/// What a request can take over from one about the token of a session.
pub(super) const TOKEN_OF_SESSION: &str =
    r#"{"sessionId":"$request.body#/sessionId","tokenId":"$request.body#/tokenId"}"#;

/// Describes [`set`].
pub(super) fn about_set() -> Operation {
    data::<Empty>("Grants a token to a session. An earlier grant that lives longer stays.")
        .refuses(
            StatusCode::BAD_REQUEST,
            "An unusable duration, an ended session, or malformed.",
        )
        .then("/grant/verify", TOKEN_OF_SESSION)
        .then("/v2/grants/revoke", TOKEN_OF_SESSION)
        .then(
            "/v2/sessions/revoke",
            r#"{"sessionId":"$request.body#/sessionId"}"#,
        )
}

/// Grants a token to a session that has not ended. An earlier grant that lives longer stays.
pub(super) async fn set(
    State(shared): State<Arc<Shared>>,
    trail: Trail,
    Json(request): Json<GrantSet>,
) -> Result<Response, ApiError> {
    trail.about(|names| {
        vec![Item {
            session: Some(names.session(&request.session_id)),
            ..of_token(names, &request.token_id)
        }]
    });
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
    shared.metrics.counts.granted(1);
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
    let valid = expiry.is_some();
    shared.metrics.counts.verified(valid);
    Ok(response::data(GrantVerified { valid }))
}

/// `POST /v2/grants/revoke`: ends the grant of one session, or those of all. Grants that are made later count.
pub(super) async fn revoke(
    State(shared): State<Arc<Shared>>,
    trail: Trail,
    request: Destroy<GrantsRevoke>,
) -> Result<Response, ApiError> {
    trail.about(|names| {
        let GrantsRevoke {
            session_id,
            token_id,
        } = request.get();
        vec![Item {
            session: session_id.as_ref().map(|session| names.session(session)),
            ..of_token(names, token_id)
        }]
    });
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
