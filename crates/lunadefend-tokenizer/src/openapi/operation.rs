//! One operation: what of the row, and what of its description.

use super::{responses, schemas::Schemas, tag};
use crate::{
    headers::{SEC_FETCH_DEST, SEC_FETCH_MODE, SEC_FETCH_SITE, SESSION_HASH},
    operation::{Parameter, Place},
    route::{Audience, BodyLimit, Endpoint, Route},
    size::in_words,
};
use http::{HeaderName, Method};
use lunadefend_core::wire::PAGE_SESSION;
use serde_json::{Map, Value, json};

pub(super) fn of(
    row: &Route,
    endpoint: &Endpoint,
    method: &Method,
    table: &[Route],
    schemas: &mut Schemas,
) -> Value {
    let links = links(endpoint, table);
    let mut operation = json!({
        "operationId": id(row.label, method),
        "summary": endpoint.operation.summary,
        "tags": [tag(row.audience).0],
        "security": security(row.audience),
        "responses": responses::of(row, endpoint, &links, schemas),
    });
    let own = endpoint.operation.parameters.iter();
    let own = own.filter(|parameter| !matches!(parameter.place, Place::Path(_)));
    let parameters: Vec<_> = own
        .map(render)
        .chain(of_audience(row.audience).iter().map(render))
        .collect();
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    if let Some(body) = request_body(endpoint, schemas) {
        operation["requestBody"] = body;
    }
    operation
}

/// Describes the preflight of a row that pages of other origins read.
pub(super) fn preflight(row: &Route) -> Value {
    json!({
        "operationId": id(row.label, &Method::OPTIONS),
        "summary": "Says which pages of other origins may send which requests (CORS).",
        "tags": [tag(row.audience).0],
        "security": [],
        "responses": responses::of_preflight(row),
    })
}

/// Returns the parameters in the path of a row.
pub(super) fn of_path(row: &Route) -> Vec<Value> {
    let of_first = row.endpoints.iter().take(1);
    of_first
        .flat_map(|endpoint| &endpoint.operation.parameters)
        .filter(|parameter| matches!(parameter.place, Place::Path(_)))
        .map(render)
        .collect()
}

/// Returns the name of an operation: `grantSet`, `getFrameFile`. It is one word for each of a label, after the method
/// if that is not `POST`.
pub(super) fn id(label: &str, method: &Method) -> String {
    let method = method.as_str().to_ascii_lowercase();
    let words = label
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    let words = Some(&*method)
        .filter(|name| *name != "post")
        .into_iter()
        .chain(words);
    let mut id = String::new();
    for word in words {
        let mut letters = word.chars();
        if let Some(first) = letters.next() {
            id.push(if id.is_empty() {
                first
            } else {
                first.to_ascii_uppercase()
            });
            id.extend(letters);
        }
    }
    id
}

fn links(endpoint: &Endpoint, table: &[Route]) -> Map<String, Value> {
    let mut links = Map::new();
    for link in &endpoint.operation.links {
        let targets = table.iter().filter(|row| row.path == link.path);
        for target in targets {
            let id = id(target.label, &Method::POST);
            let body: Value = serde_json::from_str(link.body).unwrap_or_default();
            links.insert(
                id.clone(),
                json!({ "operationId": id, "requestBody": body }),
            );
        }
    }
    links
}

fn security(audience: Audience) -> Value {
    match audience {
        Audience::Application => json!([{ "jwt": [] }]),
        Audience::Destroyer => json!([{ "requestJwt": [] }]),
        Audience::FrameOrJwt => json!([{ "jwt": [] }, { "session": [] }]),
        Audience::Page => json!([{}, { "jwt": [] }, { "session": [] }]),
        Audience::Frame => json!([{}, { "session": [] }]),
        Audience::Transfer
        | Audience::SignedUrl
        | Audience::Anyone
        | Audience::Operator
        | Audience::Scraper => {
            json!([])
        }
    }
}

/// Returns what the layer of admission reads.
fn of_audience(audience: Audience) -> Vec<Parameter> {
    let header = |name: HeaderName, required, pattern, description| Parameter {
        place: Place::Header(name),
        required,
        description,
        pattern: Some(pattern),
    };
    match audience {
        Audience::FrameOrJwt => vec![
            header(
                PAGE_SESSION,
                false,
                "^(none|[0-9a-f]{32})$",
                "The session that the page around the frame was made for; a request by cookie must have it.",
            ),
            header(
                SESSION_HASH,
                false,
                "^([0-9a-f]{40})?$",
                "The hash of the session that the frame knows; without it the response has it.",
            ),
        ],
        Audience::Frame => vec![header(
            SEC_FETCH_SITE,
            true,
            "^same-origin$",
            "A browser sends it for the frame. `origin` with the origin of the tokenizer does as well.",
        )],
        Audience::Transfer => vec![
            header(
                SEC_FETCH_MODE,
                false,
                "^no-cors$",
                "How a browser sends it.",
            ),
            header(
                SEC_FETCH_DEST,
                false,
                "^empty$",
                "What a browser sends it for.",
            ),
        ],
        _ => Vec::new(),
    }
}

fn render(parameter: &Parameter) -> Value {
    let mut schema = json!({ "type": "string" });
    if let Some(pattern) = parameter.pattern {
        schema["pattern"] = pattern.into();
    }
    let (place, name) = match &parameter.place {
        Place::Path(name) => ("path", *name),
        Place::Query(name) => ("query", *name),
        Place::Header(name) => ("header", name.as_str()),
    };
    json!({
        "in": place,
        "name": name,
        "required": parameter.required,
        "description": parameter.description,
        "schema": schema,
    })
}

fn request_body(endpoint: &Endpoint, schemas: &mut Schemas) -> Option<Value> {
    match (endpoint.body, endpoint.reads) {
        (BodyLimit::Json(limits), Some(schema)) => {
            let schema = (schema.0)(&mut schemas.requests);
            let most = in_words(limits.bytes as u64);
            Some(json!({
                "required": true,
                "description": format!("One JSON object with distinct members, of at most {most}."),
                "content": { "application/json": { "schema": schema } },
            }))
        }
        (BodyLimit::Value, _) => Some(json!({
            "required": true,
            "description": "The value, without `Content-Encoding`. Its media type is not kept.",
            "content": { "application/octet-stream": {} },
        })),
        (BodyLimit::Empty | BodyLimit::Json(_), _) => None,
    }
}
