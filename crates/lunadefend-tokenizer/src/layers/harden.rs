//! Headers that every response carries.

use crate::{
    headers::{ORIGIN_AGENT_CLUSTER, RESOURCE_POLICY},
    state::Shared,
};
use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderMap, HeaderValue, header};
use std::sync::Arc;

/// Adds them to a response.
pub(crate) async fn harden(
    State(shared): State<Arc<Shared>>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = next.run(request).await;
    add_defaults(response.headers_mut(), shared.config.public_url.is_https());
    response
}

/// Adds the defaults; a header that the route has set stays.
fn add_defaults(headers: &mut HeaderMap, is_https: bool) {
    let by_https = is_https.then_some((header::STRICT_TRANSPORT_SECURITY, "max-age=31536000"));
    let defaults = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (RESOURCE_POLICY, "same-origin"),
        (ORIGIN_AGENT_CLUSTER, "?1"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        ),
    ];
    for (name, value) in defaults.into_iter().chain(by_https) {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
}
