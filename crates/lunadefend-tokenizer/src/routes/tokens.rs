//! `/tokenize`, `/detokenize`, `/metadata/get`: for the frame, and for the SDK on a user's behalf.
//! `/v2/tokens/delete`: for the application.

use super::{blobs, grants};
use crate::{
    auth::Authenticated, body::Json, destroy::Destroy, error::ApiError, headers::EXPIRES_AT,
    response, state::Shared,
};
use axum::{extract::State, response::Response};
use http::HeaderValue;
use lunadefend_core::{
    SessionId,
    provider::{TokenId, UnixMillis},
    wire::{Detokenized, Empty, MetadataFound, TokenRequest, Tokenize, Tokenized, TokensDelete},
};
use lunadefend_vault::SignedUrl;
use std::{collections::BTreeMap, sync::Arc};

/// Makes a token and a URL to upload its value to. The caller's session is granted the token for the
/// default duration.
pub(super) async fn tokenize(
    State(shared): State<Arc<Shared>>,
    caller: Authenticated,
    Json(request): Json<Tokenize>,
) -> Result<Response, ApiError> {
    let expiry = grants::expiry(&shared, shared.config.durations.default_duration());
    let owner = caller.session().map(|session| (session, expiry));
    let (vault, metadata) = (&shared.vault, request.metadata.as_ref());
    let new = match owner {
        // What comes from a browser is limited; the application knows what it does.
        Some(owner) if caller.is_by_cookie() => {
            let quota = shared.config.limits.quota();
            vault.create_counted_token(metadata, owner, quota).await?
        }
        _ => vault.create_token(metadata, owner).await?,
    };
    let upload_url = blobs::url(
        &shared,
        &SignedUrl::upload(
            new.upload,
            new.upload_expires_at,
            shared.config.limits.max_value,
        ),
    );
    Ok(response::data(Tokenized {
        token_id: new.token,
        upload_url,
        headers: BTreeMap::new(),
    }))
}

/// Returns a URL to download a token's value from, if the caller's session holds a live grant.
pub(super) async fn detokenize(
    State(shared): State<Arc<Shared>>,
    caller: Authenticated,
    Json(request): Json<TokenRequest>,
) -> Result<Response, ApiError> {
    let no_grant =
        || ApiError::bad_request("session does not have valid token grant available to detokenize");
    let session = caller.session().ok_or_else(no_grant)?;
    let expiry = live_grant(&shared, session, &request.token_id)
        .await?
        .ok_or_else(no_grant)?;
    let issued = shared
        .vault
        .issue_download(session, &request.token_id, expiry)
        .await?
        .ok_or_else(|| ApiError::not_found("unable to locate data for token"))?;
    let download_url = blobs::url(
        &shared,
        &SignedUrl::download(issued.download, issued.expires_at),
    );
    let mut response = response::data(Detokenized {
        download_url,
        headers: BTreeMap::new(),
    });
    // Until then a frame may show it.
    let expires_at = HeaderValue::from(expiry.get());
    response.headers_mut().insert(EXPIRES_AT, expires_at);
    Ok(response)
}

/// Returns a token's metadata, if the caller's session holds a live grant. LunaSec requires no grant; here
/// the response without one is like that of `/detokenize`, so that it does not reveal which tokens exist.
pub(super) async fn metadata(
    State(shared): State<Arc<Shared>>,
    caller: Authenticated,
    Json(request): Json<TokenRequest>,
) -> Result<Response, ApiError> {
    let no_grant = || {
        ApiError::bad_request("session does not have valid token grant available to get metadata")
    };
    let session = caller.session().ok_or_else(no_grant)?;
    live_grant(&shared, session, &request.token_id)
        .await?
        .ok_or_else(no_grant)?;
    let metadata = shared
        .vault
        .metadata(&request.token_id)
        .await?
        .ok_or_else(|| ApiError::not_found("unable to locate metadata for token"))?;
    Ok(response::data(MetadataFound { metadata }))
}

/// `POST /v2/tokens/delete`: deletes tokens for good, with all that belongs to them. Unknown tokens are no
/// error.
pub(super) async fn delete(
    State(shared): State<Arc<Shared>>,
    request: Destroy<TokensDelete>,
) -> Result<Response, ApiError> {
    if !shared.config.delete {
        return Err(ApiError::forbidden(
            "this tokenizer deletes no tokens: LUNADEFEND_DELETE is off",
        ));
    }
    let count = request.get().token_ids.as_slice().len();
    let now = shared.timer.monotonic();
    shared.deletions.check(count, now)?;
    let request = request.spend(&shared).await?;
    // Only now, so that a JWT that is sent again does not count.
    shared.deletions.count(count, now)?;
    shared
        .vault
        .delete_tokens(
            request.token_ids.as_slice(),
            shared.ends_are_remembered_until(),
        )
        .await?;
    Ok(response::data(Empty {}))
}

/// Returns the expiry of the session's grant of the token; `None` without a live grant.
async fn live_grant(
    shared: &Shared,
    session: &SessionId,
    token: &TokenId,
) -> Result<Option<UnixMillis>, ApiError> {
    Ok(shared.vault.grant_expiry(session, token).await?)
}
