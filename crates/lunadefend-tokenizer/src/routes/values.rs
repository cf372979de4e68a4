//! `/v2/tokenize`, `/v2/detokenize`, `/v2/tokens/describe`: values and what is known about them, in the requests and
//! responses themselves.

use super::{blobs, tokens};
use crate::{
    auth::Authenticated,
    body::{Json, JsonAndBytes},
    error::ApiError,
    headers::{IDEMPOTENCY_KEY, single},
    metrics::Direction,
    operation::{Operation, Parameter, Place, data},
    response,
    state::Shared,
    trail::{Trail, of_token},
};
use axum::{extract::State, response::Response};
use http::{HeaderMap, StatusCode};
use lunadefend_audit::{Item, Names};
use lunadefend_core::{
    provider::TokenId,
    wire::{
        DescribedItem, Description, IdempotencyKey, NewValue, NewValueToken, TokensDescribe,
        TokensDescribed, ValueItem, ValuesFound, ValuesRead,
    },
};
use lunadefend_vault::{Found, Repeatable, Tokenization, Tokenized};
use std::sync::Arc;

/// The most bytes of values in one response: in base64, with all else, they stay below 1 MiB.
const ROOM: usize = 720 * 1024;

/// Describes [`tokenize`].
pub(super) fn about_tokenize() -> Operation {
    data::<NewValueToken>(
        "Makes a token with its value, or with the URL to `PUT` it to, granted to the session of the caller.",
    )
    .parameter(Parameter {
        place: Place::Header(IDEMPOTENCY_KEY),
        required: false,
        description: "16 random bytes in base64url without padding: a repeated request makes no second token.",
        pattern: Some("^[A-Za-z0-9_-]{21}[AQgw]$"),
    })
    .refuses(
        StatusCode::GONE,
        "The token of this `Idempotency-Key` was deleted or has expired.",
    )
    .refuses(
        StatusCode::UNPROCESSABLE_ENTITY,
        "An earlier request with this `Idempotency-Key` had another body.",
    )
    .takes_values()
    .then(
        "/v2/detokenize",
        r#"{"tokenIds":["$response.body#/data/tokenId"]}"#,
    )
    .then(
        "/v2/tokens/describe",
        r#"{"tokenIds":["$response.body#/data/tokenId"]}"#,
    )
}

/// Makes a token with its value, or with a URL to upload it to. The caller's session is granted the token for the
/// default duration.
pub(super) async fn tokenize(
    State(shared): State<Arc<Shared>>,
    caller: Authenticated,
    trail: Trail,
    headers: HeaderMap,
    JsonAndBytes(request, body): JsonAndBytes<NewValue>,
) -> Result<Response, ApiError> {
    let key = idempotency_key(&headers)?;
    let asked = Tokenization {
        value: request.value.as_ref(),
        metadata: request.metadata.as_ref(),
        kind: request.kind,
        expires_in: request.expires_in,
        reads: request.reads,
        owner: tokens::owner(&shared, &caller),
        repeatable: key.map(|key| Repeatable { key, body: &body }),
    };
    let made = match shared.vault.tokenize(&asked).await? {
        Tokenized::Stored(token_id) => {
            if let Some(value) = &request.value {
                let bytes = value.expose_secret().len() as u64;
                shared.metrics.counts.value(Direction::In, bytes);
            }
            NewValueToken {
                token_id,
                upload: None,
            }
        }
        Tokenized::Waiting(new) => NewValueToken {
            upload: Some(blobs::upload_location(&shared, &new)),
            token_id: new.token,
        },
    };
    trail.about(|names| {
        let upload = made.upload.as_ref();
        vec![Item {
            url: upload.map(|location| names.url(blobs::signed_in(location))),
            ..of_token(names, &made.token_id)
        }]
    });
    Ok(response::data(made))
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, ApiError> {
    if !headers.contains_key(&IDEMPOTENCY_KEY) {
        return Ok(None);
    }
    single(headers, &IDEMPOTENCY_KEY)
        .and_then(|value| IdempotencyKey::parse(value.to_str().ok()?))
        .map(Some)
        .ok_or_else(|| ApiError::bad_request(IdempotencyKey::RULE))
}

/// Describes [`detokenize`].
pub(super) fn about_detokenize() -> Operation {
    data::<ValuesFound>(
        "Returns the values that the session of the caller may read; long ones as URLs to `GET` them from.",
    )
    .refuses(StatusCode::FORBIDDEN, tokens::ONLY_THE_FRAME)
}

/// Returns the values that the caller's session may read; longer ones as URLs to download them from.
pub(super) async fn detokenize(
    State(shared): State<Arc<Shared>>,
    caller: Authenticated,
    trail: Trail,
    Json(request): Json<ValuesRead>,
) -> Result<Response, ApiError> {
    trail.about_tokens(request.token_ids.as_slice());
    tokens::require_reader(&shared, &caller)?;
    let ids = request.token_ids.as_slice();
    let found = match caller.session() {
        Some(session) => {
            shared.rates.read(session, ids.len())?;
            let read = request.read_id;
            shared.vault.read_values(session, ids, read, ROOM).await?
        }
        None => ids.iter().map(|_| Found::Refused).collect(),
    };
    let items = ids.iter().cloned().zip(found);
    let items = items.map(|(token_id, found)| item(&shared, token_id, found));
    let items = items.collect::<Result<Vec<_>, _>>()?;
    trail.about(|names| items.iter().map(|item| given(names, item)).collect());
    for item in &items {
        if let ValueItem::Inline { value, .. } = item {
            let bytes = value.expose_secret().len() as u64;
            shared.metrics.counts.value(Direction::Out, bytes);
        }
    }
    Ok(response::data(ValuesFound { items }))
}

/// Returns what the audit log says of a value that was asked for.
fn given(names: &Names, item: &ValueItem) -> Item {
    match item {
        ValueItem::Inline { token_id, .. } => of_token(names, token_id),
        ValueItem::Download {
            token_id, download, ..
        } => Item {
            url: Some(names.url(blobs::signed_in(download))),
            ..of_token(names, token_id)
        },
        ValueItem::Refused { token_id } => Item {
            refused: true,
            ..of_token(names, token_id)
        },
    }
}

fn item(shared: &Shared, token_id: TokenId, found: Found) -> Result<ValueItem, ApiError> {
    Ok(match found {
        Found::Value {
            value,
            granted_until,
        } => ValueItem::Inline {
            token_id,
            value,
            expires_at: granted_until,
        },
        Found::Download {
            ticket,
            granted_until,
        } => ValueItem::Download {
            token_id,
            download: blobs::download_location(shared, &ticket)?,
            expires_at: granted_until,
        },
        Found::Refused => ValueItem::Refused { token_id },
    })
}

/// Describes [`describe`].
pub(super) fn about_describe() -> Operation {
    data::<TokensDescribed>("Returns what is known about tokens without their values.").refuses(
        StatusCode::FORBIDDEN,
        "The application itself gets no descriptions, or the origin is not the tokenizer's.",
    )
}

/// Returns what is known about tokens: to a session about those that it holds a live grant for, to the application
/// about all, if it may.
pub(super) async fn describe(
    State(shared): State<Arc<Shared>>,
    caller: Authenticated,
    trail: Trail,
    Json(request): Json<TokensDescribe>,
) -> Result<Response, ApiError> {
    trail.about_tokens(request.token_ids.as_slice());
    let ids = request.token_ids.as_slice();
    let may_know: Vec<bool> = match caller.session() {
        Some(session) => {
            let asked = ids.iter().map(|token| (session.clone(), token.clone()));
            let held = shared.vault.held_grants(asked.collect()).await?;
            held.iter()
                .map(|held| held.expires_at().is_some())
                .collect()
        }
        None if caller.is_application() && !shared.config.values.application_masks => {
            return Err(ApiError::forbidden(
                "this tokenizer describes no tokens to the application itself: LUNADEFEND_MASKS is session",
            ));
        }
        None => vec![caller.is_application(); ids.len()],
    };
    let described = shared.vault.describe(ids).await?;
    let described = described.into_iter().zip(may_know);
    let known = described.map(|(description, may_know)| description.filter(|_| may_know));
    Ok(descriptions(&trail, ids, known))
}

/// `POST /tokens/describe`: describes tokens for the operator. Like the application, he gets masks only when he has
/// said so.
pub(super) async fn describe_for_operator(
    State(shared): State<Arc<Shared>>,
    trail: Trail,
    Json(request): Json<TokensDescribe>,
) -> Result<Response, ApiError> {
    trail.about_tokens(request.token_ids.as_slice());
    let ids = request.token_ids.as_slice();
    let mut described = shared.vault.describe(ids).await?;
    if !shared.config.values.application_masks {
        for description in described.iter_mut().flatten() {
            description.mask = None;
        }
    }
    Ok(descriptions(&trail, ids, described.into_iter()))
}

fn descriptions(
    trail: &Trail,
    ids: &[TokenId],
    described: impl Iterator<Item = Option<Description>>,
) -> Response {
    let items = ids.iter().cloned().zip(described);
    let items = items.map(|(token_id, description)| DescribedItem {
        token_id,
        description,
    });
    let items: Vec<_> = items.collect();
    trail.about(|names| {
        let items = items.iter().map(|item| Item {
            refused: item.description.is_none(),
            ..of_token(names, &item.token_id)
        });
        items.collect()
    });
    response::data(TokensDescribed { items })
}
