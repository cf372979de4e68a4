//! The headers of responses: those of all, and those of a row.

use crate::{
    headers::{REQUEST_ID, SESSION_HASH},
    layers::harden,
    operation::Operation,
    route::{Audience, Readers, Route},
};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Map, Value, json};

/// The headers that every response has, for the components.
pub(super) fn components() -> Map<String, Value> {
    let by_default = harden::DEFAULTS
        .into_iter()
        .map(|(name, value)| (name, fixed(value, true)));
    let (by_https, age) = harden::BY_HTTPS;
    by_default
        .chain([
            (
                by_https,
                json!({
                    "description": "Where browsers reach the tokenizer by https.",
                    "schema": { "type": "string", "const": age },
                }),
            ),
            (
                REQUEST_ID,
                json!({
                    "description": "The id of the request in the log: that of the request, or a new one.",
                    "schema": { "type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$" },
                }),
            ),
        ])
        .map(|(name, header)| (name.to_string(), header))
        .collect()
}

/// References to [`components`].
pub(super) fn of_all() -> Map<String, Value> {
    let names = components().into_iter().map(|(name, _)| name);
    names
        .map(|name| {
            let reference = json!({ "$ref": format!("#/components/headers/{name}") });
            (name, reference)
        })
        .collect()
}

/// Returns the headers of the responses of a row: of its answers, or of refusals.
pub(super) fn of(
    row: &Route,
    operation: Option<&Operation>,
    is_answer: bool,
) -> Map<String, Value> {
    let mut headers = of_all();
    let sent = operation.into_iter().flat_map(|operation| &operation.sent);
    for sent in sent.filter(|sent| is_answer || sent.by_refusals) {
        let text = json!({
            "description": sent.description,
            "required": sent.always && is_answer,
            "schema": { "type": "string" },
        });
        headers.insert(sent.name.to_string(), text);
    }
    for (name, value) in &row.headers {
        headers.insert(name.to_string(), fixed(text(value), true));
    }
    if row.audience == Audience::FrameOrJwt {
        let hash = json!({
            "description": "The hash of the session, when the request has none.",
            "schema": { "type": "string", "pattern": "^[0-9a-f]{40}$" },
        });
        headers.insert(SESSION_HASH.to_string(), hash);
    }
    headers.extend(cors(row.readers));
    headers
}

fn cors(readers: Readers) -> Map<String, Value> {
    let vary = |required| (header::VARY, fixed("origin", required));
    let origin = || {
        let origin = json!({
            "description": "The origin of a page that may read the response.",
            "schema": { "type": "string" },
        });
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, origin)
    };
    let headers = match readers {
        Readers::SameOrigin => Vec::new(),
        Readers::Application => {
            let credentials = header::ACCESS_CONTROL_ALLOW_CREDENTIALS;
            vec![vary(true), origin(), (credentials, fixed("true", false))]
        }
        // Only where values have an origin of their own.
        Readers::Frame => vec![vary(false), origin()],
    };
    named(headers)
}

/// Returns what a preflight has besides.
pub(super) fn of_preflight() -> Map<String, Value> {
    let texts = [
        header::ACCESS_CONTROL_ALLOW_METHODS,
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        header::ACCESS_CONTROL_MAX_AGE,
    ];
    let texts = texts.map(|name| (name, json!({ "schema": { "type": "string" } })));
    named(texts.into_iter().chain([(header::ALLOW, allow(true))]))
}

/// Returns what the refusals of a status have besides.
pub(super) fn of_status(status: StatusCode) -> Map<String, Value> {
    named(match status {
        StatusCode::UNAUTHORIZED => vec![(header::WWW_AUTHENTICATE, fixed("Bearer", true))],
        StatusCode::METHOD_NOT_ALLOWED => vec![(header::ALLOW, allow(true))],
        // It may come in the place of a 405.
        StatusCode::TOO_MANY_REQUESTS => vec![
            (header::RETRY_AFTER, retry_after()),
            (header::ALLOW, allow(false)),
        ],
        _ => Vec::new(),
    })
}

fn retry_after() -> Value {
    json!({
        "description": "The seconds after which the same request may be permitted.",
        "schema": { "type": "string", "pattern": "^[1-9][0-9]*$" },
    })
}

fn allow(required: bool) -> Value {
    json!({
        "description": "The methods of the route.",
        "required": required,
        "schema": { "type": "string" },
    })
}

fn named(headers: impl IntoIterator<Item = (HeaderName, Value)>) -> Map<String, Value> {
    let headers = headers.into_iter();
    headers
        .map(|(name, header)| (name.to_string(), header))
        .collect()
}

fn fixed(value: &str, required: bool) -> Value {
    json!({ "required": required, "schema": { "type": "string", "const": value } })
}

fn text(value: &HeaderValue) -> &str {
    value.to_str().unwrap_or_default()
}
