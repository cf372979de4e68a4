//! `/.well-known/lunadefend-tokenizer`: what this tokenizer offers beyond wire level v1.

use crate::{response, state::Shared};
use axum::{extract::State, response::Response};
use http::{HeaderValue, header};
use lunadefend_core::wire::{BATCHES, Discovery, GrantBatch};
use std::sync::Arc;

/// Clients remember it for as long.
const FIVE_MINUTES: HeaderValue = HeaderValue::from_static("max-age=300");

/// Returns the discovery document.
pub(super) async fn document(State(shared): State<Arc<Shared>>) -> Response {
    let config = &shared.config;
    let mut response = response::document(&Discovery {
        level: 2,
        origin: config.public_origin.as_str().to_owned(),
        max_items: GrantBatch::MAX_ITEMS as u64,
        max_value: config.limits.max_value,
        features: vec![BATCHES.to_owned()],
    });
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, FIVE_MINUTES);
    response
}
