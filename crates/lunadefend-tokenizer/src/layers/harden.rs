//! Headers that every response carries.

use crate::{
    headers::{ORIGIN_AGENT_CLUSTER, RESOURCE_POLICY},
    state::Shared,
};
use axum::{extract::Request, response::Response};
use http::{HeaderMap, HeaderName, HeaderValue, header};

/// The headers, and the values that they have unless the route sets others.
pub(crate) const DEFAULTS: [(HeaderName, &str); 6] = [
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

/// The one of a tokenizer that browsers reach by https.
pub(crate) const BY_HTTPS: (HeaderName, &str) =
    (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");

/// Adds them to a response.
pub(crate) async fn harden<F: Future<Output = Response>>(
    shared: &Shared,
    request: Request,
    next: impl FnOnce(Request) -> F,
) -> Response {
    let mut response = next(request).await;
    add_defaults(response.headers_mut(), shared.config.public_url.is_https());
    response
}

/// Adds the defaults; a header that the route has set stays.
fn add_defaults(headers: &mut HeaderMap, is_https: bool) {
    let by_https = is_https.then_some(BY_HTTPS);
    for (name, value) in DEFAULTS.into_iter().chain(by_https) {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
}
