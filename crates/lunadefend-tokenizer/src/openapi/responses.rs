//! The responses of an operation: its answers, and the refusals of its handler and of the layers.

use super::{headers, schemas::Schemas};
use crate::{
    operation::{Content, Operation},
    route::{Audience, BodyLimit, Endpoint, Readers, Route},
};
use http::StatusCode;
use serde_json::{Map, Value, json};

/// The refusals that layers make on any route, with what they mean.
const OF_LAYERS: [(StatusCode, &str); 11] = [
    (
        StatusCode::BAD_REQUEST,
        "A malformed request: the message says what is wrong with it.",
    ),
    (
        StatusCode::UNAUTHORIZED,
        "No credential that is good for this, or one of another session than the page's (`sessionMismatch`).",
    ),
    (
        StatusCode::FORBIDDEN,
        "A request that may not come from where it comes from.",
    ),
    (
        StatusCode::METHOD_NOT_ALLOWED,
        "The route does not have this method.",
    ),
    (
        StatusCode::REQUEST_TIMEOUT,
        "The body of the request did not come in time.",
    ),
    (
        StatusCode::PAYLOAD_TOO_LARGE,
        "The body of the request is too long: the message says how long it may be.",
    ),
    (
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "The body of the request has another media type, or is encoded.",
    ),
    (
        StatusCode::TOO_MANY_REQUESTS,
        "A session, an address or all together have done as much as they may for now.",
    ),
    (HEAD_TOO_LARGE, "The head of the request is too long."),
    (
        StatusCode::INTERNAL_SERVER_ERROR,
        "An error of the tokenizer.",
    ),
    (
        StatusCode::SERVICE_UNAVAILABLE,
        "The store or the keys of the application are not available, or the request took too long.",
    ),
];
/// The server makes it, which knows nothing of the envelope.
const HEAD_TOO_LARGE: StatusCode = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;

/// Returns the refusals of the layers, for the components.
pub(super) fn components() -> Map<String, Value> {
    let refusals = OF_LAYERS.into_iter();
    refusals
        .map(|(status, description)| {
            let refusal = refusal(status, description, headers::of_all());
            (name(status), refusal)
        })
        .collect()
}

/// Returns the responses of an operation by their status.
pub(super) fn of(
    row: &Route,
    endpoint: &Endpoint,
    links: &Map<String, Value>,
    schemas: &mut Schemas,
) -> Map<String, Value> {
    let operation = &endpoint.operation;
    let mut responses = refusals(row, Some(operation), &of_layers(row, endpoint));
    for answer in &operation.answers {
        let mut response = json!({
            "description": answer.description,
            "headers": headers::of(row, Some(operation), true),
        });
        if let Some(content) = content(&answer.content, schemas) {
            response["content"] = content;
        }
        if !links.is_empty() && answer.status == StatusCode::OK {
            response["links"] = links.clone().into();
        }
        responses.insert(answer.status.as_str().to_owned(), response);
    }
    responses
}

/// Returns the responses of a preflight.
pub(super) fn of_preflight(row: &Route) -> Map<String, Value> {
    let mut statuses = vec![
        StatusCode::BAD_REQUEST,
        StatusCode::FORBIDDEN,
        StatusCode::TOO_MANY_REQUESTS,
        HEAD_TOO_LARGE,
    ];
    if row.readers == Readers::Frame {
        // Where values have no origin of their own.
        statuses.push(StatusCode::METHOD_NOT_ALLOWED);
    }
    let mut headers = headers::of(row, None, true);
    headers.extend(headers::of_preflight());
    let mut responses = refusals(row, None, &statuses);
    responses.insert(
        StatusCode::NO_CONTENT.as_str().to_owned(),
        json!({ "description": "Which pages may send which requests.", "headers": headers }),
    );
    responses
}

/// Returns the statuses of refusals that the layers of an endpoint can make.
fn of_layers(row: &Route, endpoint: &Endpoint) -> Vec<StatusCode> {
    let mut statuses = vec![
        StatusCode::BAD_REQUEST,
        StatusCode::FORBIDDEN,
        StatusCode::TOO_MANY_REQUESTS,
        HEAD_TOO_LARGE,
        StatusCode::INTERNAL_SERVER_ERROR,
        StatusCode::SERVICE_UNAVAILABLE,
    ];
    if let Audience::Application | Audience::Destroyer | Audience::FrameOrJwt = row.audience {
        statuses.push(StatusCode::UNAUTHORIZED);
    }
    if let BodyLimit::Json(_) | BodyLimit::Value = endpoint.body {
        statuses.extend([
            StatusCode::REQUEST_TIMEOUT,
            StatusCode::PAYLOAD_TOO_LARGE,
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ]);
    }
    statuses
}

fn refusals(
    row: &Route,
    operation: Option<&Operation>,
    of_layers: &[StatusCode],
) -> Map<String, Value> {
    let headers = headers::of(row, operation, false);
    let is_plain = headers == headers::of_all();
    let of_layers = OF_LAYERS
        .into_iter()
        .filter(|(status, _)| of_layers.contains(status));
    let mut refusals: Map<_, _> = of_layers
        .map(|(status, description)| {
            let refusal = if is_plain || status == HEAD_TOO_LARGE {
                json!({ "$ref": format!("#/components/responses/{}", name(status)) })
            } else {
                refusal(status, description, headers.clone())
            };
            (status.as_str().to_owned(), refusal)
        })
        .collect();
    for of_handler in operation
        .into_iter()
        .flat_map(|operation| &operation.refusals)
    {
        let (status, description) = (of_handler.status, of_handler.description);
        let refusal = refusal(status, description, headers.clone());
        refusals.insert(status.as_str().to_owned(), refusal);
    }
    refusals
}

fn refusal(status: StatusCode, description: &str, mut headers: Map<String, Value>) -> Value {
    if status == HEAD_TOO_LARGE {
        return json!({ "description": description });
    }
    headers.extend(headers::of_status(status));
    json!({
        "description": description,
        "headers": headers,
        "content": {
            "application/json": { "schema": { "$ref": "#/components/schemas/Failure" } },
        },
    })
}

fn content(content: &Content, schemas: &mut Schemas) -> Option<Value> {
    match content {
        Content::Empty => None,
        Content::Bytes(media_type) => Some(json!({ *media_type: {} })),
        Content::Json(types) => {
            let mut types: Vec<_> = types
                .iter()
                .map(|schema| (schema.0)(&mut schemas.responses).to_value())
                .collect();
            let schema = match types.pop() {
                Some(only) if types.is_empty() => only,
                Some(last) => {
                    types.push(last);
                    json!({ "oneOf": types })
                }
                None => json!({}),
            };
            Some(json!({ "application/json": { "schema": schema } }))
        }
    }
}

/// Returns the name of a component: `NotFound`.
fn name(status: StatusCode) -> String {
    let words = status.canonical_reason().unwrap_or_default().split(' ');
    words.collect()
}
