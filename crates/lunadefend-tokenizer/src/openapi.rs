//! The description of all routes, by version 3.1 of the OpenAPI specification: made of the table of routes.

mod components;
mod headers;
mod operation;
mod responses;
mod schemas;
mod text;

use crate::{
    route::{Audience, Readers, Route},
    routes,
};
use schemas::Schemas;
use serde_json::{Map, Value, json};

/// Returns the description of the routes of a tokenizer, except for the operator's, as JSON.
///
/// It is that of `docs/openapi.json` in the repository.
#[must_use]
pub fn openapi() -> String {
    let mut schemas = Schemas::new();
    let paths = paths(&routes::table(), &mut schemas);
    let mut document = json!({
        "openapi": "3.1.1",
        "info": {
            "title": "LunaDefend tokenizer",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
            "description": DESCRIPTION,
        },
        "servers": [{
            "url": "{tokenizerUrl}",
            "description": "The public URL of the tokenizer, with its path.",
            "variables": { "tokenizerUrl": { "default": "https://tokenizer.example.com" } },
        }],
        "tags": tags(),
        "paths": paths,
        "components": components::of(schemas),
    });
    // Another crate may have serde_json keep the order of insertion.
    document.sort_all_objects();
    text::of(&document)
}

const DESCRIPTION: &str = "Wire levels 1 and 2 of the tokenizer. Level 1 is that of LunaSec; \
    `docs/wire-level-2.md` explains level 2. Requests ignore unknown members, and clients must ignore those of \
    responses. `HEAD` is answered as `GET`, without a body. A method that a route lacks is a 405 with `allow`, and an unknown path a 404.";

fn paths(table: &[Route], schemas: &mut Schemas) -> Map<String, Value> {
    let mut paths = Map::new();
    for row in table.iter().filter(|row| row.audience.is_public()) {
        let mut item = Map::new();
        let parameters = operation::of_path(row);
        if !parameters.is_empty() {
            item.insert("parameters".to_owned(), parameters.into());
        }
        for endpoint in &row.endpoints {
            for method in &endpoint.methods {
                let name = method.as_str().to_ascii_lowercase();
                item.insert(name, operation::of(row, endpoint, method, table, schemas));
            }
        }
        if row.readers != Readers::SameOrigin {
            item.insert("options".to_owned(), operation::preflight(row));
        }
        paths.insert(row.path.to_owned(), item.into());
    }
    paths
}

/// The tag of an audience, and what it means.
const fn tag(audience: Audience) -> (&'static str, &'static str) {
    match audience {
        Audience::Application => ("application", "For the application server, by its JWT."),
        Audience::Destroyer => (
            "destroy",
            "For the application server, by a JWT that is made for the one request.",
        ),
        Audience::FrameOrJwt => (
            "values",
            "For the frame, by the session cookie, or for the application server on behalf of a user.",
        ),
        Audience::Frame => (
            "frame",
            "For the frame, which has the tokenizer's own origin.",
        ),
        Audience::Transfer => (
            "transfer",
            "The steps of a session transfer: `no-cors` requests of a browser.",
        ),
        Audience::Page => ("page", "For pages of the application."),
        Audience::SignedUrl => ("blob", "For the holder of a signed URL."),
        Audience::Anyone => ("public", "For everyone."),
        Audience::Operator => ("operator", "For the operator, on the admin socket."),
        Audience::Scraper => ("metrics", "For Prometheus, on an address of its own."),
    }
}

fn tags() -> Vec<Value> {
    let all = [
        Audience::Application,
        Audience::Destroyer,
        Audience::FrameOrJwt,
        Audience::Frame,
        Audience::Transfer,
        Audience::Page,
        Audience::SignedUrl,
        Audience::Anyone,
    ];
    all.map(tag)
        .map(|(name, description)| json!({ "name": name, "description": description }))
        .into()
}

#[cfg(test)]
mod tests;
