//! `/tokenize`, `/detokenize`, `/metadata/*`: for the frame, and for the SDK on a user's behalf.
//! `/v2/tokens/delete`: for the application.

use super::{blobs, grants};
use crate::{
    auth::Authenticated,
    body::Json,
    destroy::Destroy,
    error::ApiError,
    headers::EXPIRES_AT,
    operation::{Operation, data},
    response,
    state::Shared,
    trail::{Trail, of_token},
};
use axum::{extract::State, response::Response};
use http::{HeaderValue, StatusCode};
use lunadefend_audit::Item;
use lunadefend_core::{
    SessionId,
    provider::{TokenId, UnixMillis},
    wire::{
        Detokenized, Empty, MetadataFound, MetadataSet, SignedLocation, TokenRequest, Tokenize,
        Tokenized, TokensDelete,
    },
};
use lunadefend_vault::Owner;
use std::{sync::Arc, time::Duration};

/// What a request can take from a new token.
const NEW_TOKEN: &str = r#"{"tokenId":"$response.body#/data/tokenId"}"#;

/// Why a reader is refused.
pub(super) const ONLY_THE_FRAME: &str =
    "Only the frame of this tokenizer gets values, or the origin is not the tokenizer's.";

/// Describes [`tokenize`].
pub(super) fn about_tokenize() -> Operation {
    data::<Tokenized>(
        "Makes a token, granted to the session of the caller, and the URL to `PUT` its value to.",
    )
    .takes_values()
    .then("/detokenize", NEW_TOKEN)
    .then("/metadata/get", NEW_TOKEN)
    .then("/grant/set", NEW_TOKEN)
    .then(
        "/v2/tokens/delete",
        r#"{"tokenIds":["$response.body#/data/tokenId"]}"#,
    )
}

/// Makes a token and a URL to upload its value to. The caller's session is granted the token for the
/// default duration.
pub(super) async fn tokenize(
    State(shared): State<Arc<Shared>>,
    caller: Authenticated,
    trail: Trail,
    Json(request): Json<Tokenize>,
) -> Result<Response, ApiError> {
    let (metadata, owner) = (request.metadata.as_ref(), owner(&shared, &caller));
    let new = shared.vault.create_waiting_token(metadata, owner).await?;
    let location = blobs::upload_location(&shared, &new);
    trail.about(|names| {
        vec![Item {
            url: Some(names.url(blobs::signed_in(&location))),
            ..of_token(names, &new.token)
        }]
    });
    let SignedLocation { url, headers } = location;
    Ok(response::data(Tokenized {
        token_id: new.token,
        upload_url: url,
        headers,
    }))
}

/// Returns the session that a new token is granted to, and counted for.
pub(super) fn owner<'a>(shared: &Shared, caller: &'a Authenticated) -> Option<Owner<'a>> {
    caller.session().map(|session| Owner {
        session,
        granted_until: grants::expiry(shared, shared.config.durations.default_duration()),
        // What comes from a browser is limited; the application knows what it does.
        quota: caller.is_by_cookie().then(|| shared.config.limits.quota()),
    })
}

/// Refuses values to the application's server where only the frame may have them.
pub(super) fn require_reader(shared: &Shared, caller: &Authenticated) -> Result<(), ApiError> {
    if shared.config.values.frame_only && !caller.is_by_cookie() {
        return Err(ApiError::forbidden(
            "this tokenizer gives values to its frame only: LUNADEFEND_FRAME_ONLY is set",
        ));
    }
    Ok(())
}

/// Describes [`detokenize`].
pub(super) fn about_detokenize() -> Operation {
    data::<Detokenized>("Returns the URL to `GET` the value of a token from.")
        .sends(
            EXPIRES_AT,
            "Until when a frame may show it, in milliseconds since the Unix epoch.",
        )
        .refuses(
            StatusCode::BAD_REQUEST,
            "No live grant of the session, or a malformed request.",
        )
        .refuses(StatusCode::FORBIDDEN, ONLY_THE_FRAME)
        .refuses(StatusCode::NOT_FOUND, "The token has no value.")
        .then(
            "/v2/grants/revoke",
            r#"{"tokenId":"$request.body#/tokenId"}"#,
        )
}

/// Returns a URL to download a token's value from, if the caller's session holds a live grant.
pub(super) async fn detokenize(
    State(shared): State<Arc<Shared>>,
    caller: Authenticated,
    trail: Trail,
    Json(request): Json<TokenRequest>,
) -> Result<Response, ApiError> {
    trail.about_tokens(std::slice::from_ref(&request.token_id));
    require_reader(&shared, &caller)?;
    let no_grant =
        || ApiError::bad_request("session does not have valid token grant available to detokenize");
    let session = caller.session().ok_or_else(no_grant)?;
    shared.rates.read(session, 1)?;
    let expiry = live_grant(&shared, session, &request.token_id)
        .await?
        .ok_or_else(no_grant)?;
    let ticket = shared
        .vault
        .issue_download(session, &request.token_id, expiry)
        .await?
        .ok_or_else(|| ApiError::not_found("unable to locate data for token"))?;
    let location = blobs::download_location(&shared, &ticket)?;
    trail.about(|names| {
        vec![Item {
            url: Some(names.url(blobs::signed_in(&location))),
            ..of_token(names, &request.token_id)
        }]
    });
    let SignedLocation { url, headers } = location;
    let mut response = response::data(Detokenized {
        download_url: url,
        headers,
    });
    // Until then a frame may show it.
    let expires_at = HeaderValue::from(expiry.get());
    response.headers_mut().insert(EXPIRES_AT, expires_at);
    Ok(response)
}

/// Describes [`metadata`].
pub(super) fn about_metadata() -> Operation {
    data::<MetadataFound>("Returns the metadata of a token.")
        .refuses(
            StatusCode::BAD_REQUEST,
            "No live grant of the session, or a malformed request.",
        )
        .refuses(StatusCode::NOT_FOUND, "The token has no metadata.")
}

/// Returns a token's metadata, if the caller's session holds a live grant. LunaSec requires no grant; here
/// the response without one is like that of `/detokenize`, so that it does not reveal which tokens exist.
pub(super) async fn metadata(
    State(shared): State<Arc<Shared>>,
    caller: Authenticated,
    trail: Trail,
    Json(request): Json<TokenRequest>,
) -> Result<Response, ApiError> {
    trail.about_tokens(std::slice::from_ref(&request.token_id));
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

/// Describes [`set_metadata`].
pub(super) fn about_set_metadata() -> Operation {
    data::<Empty>("Replaces the metadata of a token, for a JWT of a developer.")
        .refuses(
            StatusCode::FORBIDDEN,
            "The caller is no developer, or the origin is not the tokenizer's.",
        )
        .refuses(StatusCode::NOT_FOUND, "There is no such token.")
}

/// Replaces a token's metadata, for a developer's JWT, as LunaSec does.
pub(super) async fn set_metadata(
    State(shared): State<Arc<Shared>>,
    caller: Authenticated,
    trail: Trail,
    Json(request): Json<MetadataSet>,
) -> Result<Response, ApiError> {
    trail.about_tokens(std::slice::from_ref(&request.token_id));
    if !caller.is_developer() {
        return Err(ApiError::forbidden(
            "only a JWT of a developer may change metadata",
        ));
    }
    let MetadataSet { token_id, metadata } = request;
    if shared.vault.set_metadata(&token_id, metadata).await? {
        Ok(response::data(Empty {}))
    } else {
        Err(ApiError::not_found("unable to locate data for token"))
    }
}

/// Describes [`delete`].
pub(super) fn about_delete() -> Operation {
    data::<Empty>("Deletes tokens for good, with all of theirs. Unknown tokens are no error.")
        .refuses(
            StatusCode::FORBIDDEN,
            "The tokenizer deletes no tokens (`LUNADEFEND_DELETE`).",
        )
        .refuses(
            StatusCode::TOO_MANY_REQUESTS,
            "More tokens in an hour than `LUNADEFEND_DELETES_PER_HOUR`.",
        )
}

/// `POST /v2/tokens/delete`: deletes tokens for good, with all that belongs to them. Unknown tokens are no
/// error.
pub(super) async fn delete(
    State(shared): State<Arc<Shared>>,
    trail: Trail,
    request: Destroy<TokensDelete>,
) -> Result<Response, ApiError> {
    trail.about_tokens(request.get().token_ids.as_slice());
    let now = shared.timer.monotonic();
    may_delete(&shared, request.get(), now)?;
    let request = request.spend(&shared).await?;
    delete_now(&shared, &request, now).await
}

/// Refuses a deletion that the tokenizer will not make.
fn may_delete(shared: &Shared, request: &TokensDelete, now: Duration) -> Result<(), ApiError> {
    if !shared.config.delete {
        return Err(ApiError::forbidden(
            "this tokenizer deletes no tokens: LUNADEFEND_DELETE is off",
        ));
    }
    let count = request.token_ids.as_slice().len();
    shared.deletions.check(count, now)
}

/// Deletes tokens, once all else is checked: a request that is sent again in vain does not count.
async fn delete_now(
    shared: &Shared,
    request: &TokensDelete,
    now: Duration,
) -> Result<Response, ApiError> {
    let ids = request.token_ids.as_slice();
    shared.deletions.count(ids.len(), now)?;
    let remembered_until = shared.ends_are_remembered_until();
    shared.vault.delete_tokens(ids, remembered_until).await?;
    Ok(response::data(Empty {}))
}

/// `POST /tokens/delete`: deletes tokens for the operator, as [`delete`] does for the application.
pub(super) async fn delete_for_operator(
    State(shared): State<Arc<Shared>>,
    trail: Trail,
    Json(request): Json<TokensDelete>,
) -> Result<Response, ApiError> {
    trail.about_tokens(request.token_ids.as_slice());
    let now = shared.timer.monotonic();
    may_delete(&shared, &request, now)?;
    let done = delete_now(&shared, &request, now).await?;
    let tokens = request.token_ids.as_slice().len();
    tracing::warn!(tokens, "the operator deleted tokens");
    Ok(done)
}

/// Returns the expiry of the session's grant of the token; `None` without a live grant.
async fn live_grant(
    shared: &Shared,
    session: &SessionId,
    token: &TokenId,
) -> Result<Option<UnixMillis>, ApiError> {
    Ok(shared.vault.grant_expiry(session, token).await?)
}
