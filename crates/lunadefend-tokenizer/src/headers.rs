//! Headers that the `http` crate has no names for, and those that every answer carries.

use http::{HeaderMap, HeaderName, HeaderValue, header};

pub(crate) const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
pub(crate) const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
pub(crate) const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
pub(crate) const SESSION_HASH: HeaderName = HeaderName::from_static("lunasec-session-hash");
/// Spelt with an underscore by the original.
pub(crate) const CREATED_SESSION_HASH: HeaderName = HeaderName::from_static("session_hash");
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
pub(crate) const EXPIRES_AT: HeaderName = HeaderName::from_static("lunadefend-expires-at");
pub(crate) const SERVICE_WORKER: HeaderName = HeaderName::from_static("service-worker");
pub(crate) const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
pub(crate) const EMBEDDER_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-embedder-policy");
const ORIGIN_AGENT_CLUSTER: HeaderName = HeaderName::from_static("origin-agent-cluster");
pub(crate) const RESOURCE_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-resource-policy");

/// The one value of a header. A header that is there twice has no value: which of them counts
/// depends on who reads.
pub(crate) fn single<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h HeaderValue> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => Some(value),
        _ => None,
    }
}

/// What every answer carries, by https or not. What a route has set stays.
pub(crate) fn harden(headers: &mut HeaderMap, is_https: bool) {
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
