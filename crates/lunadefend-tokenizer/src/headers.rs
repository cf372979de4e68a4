//! Headers that the `http` crate has no names for.

use http::{HeaderMap, HeaderName, HeaderValue};

pub(crate) const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
pub(crate) const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
pub(crate) const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
pub(crate) const SESSION_HASH: HeaderName = HeaderName::from_static("lunasec-session-hash");
/// Spelt with an underscore by the original.
pub(crate) const CREATED_SESSION_HASH: HeaderName = HeaderName::from_static("session_hash");
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
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
