//! Headers that every response carries.

use crate::headers::RESOURCE_POLICY;
use axum::response::Response;
use http::{HeaderMap, HeaderValue, header};

/// Adds them to a response.
pub(crate) async fn harden(mut response: Response) -> Response {
    add_defaults(response.headers_mut());
    response
}

/// Adds the defaults; a header that the route has set stays.
fn add_defaults(headers: &mut HeaderMap) {
    let defaults = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (RESOURCE_POLICY, "same-origin"),
    ];
    for (name, value) in defaults {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
}
