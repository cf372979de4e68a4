//! The context of a request: made before any other layer runs, and written into the response.

use crate::{
    context::RequestContext,
    headers::{REQUEST_ID, SESSION_HASH, single},
};
use axum::{extract::Request, middleware::Next, response::Response};
use http::{HeaderMap, HeaderValue};
use lunadefend_crypto::{hex, random_bytes};

/// Gives the request a [`RequestContext`], and writes its content into the response.
pub(crate) async fn provide(mut request: Request, next: Next) -> Response {
    let context = RequestContext::new(request_id(request.headers()));
    request.extensions_mut().insert(context.clone());
    let mut response = next.run(request).await;
    for (name, value) in [
        (REQUEST_ID, context.request_id()),
        (SESSION_HASH, context.session_hash()),
    ] {
        if let Some(value) = value {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}

/// Returns the request's own id, if it is safe in a log, or a new one.
fn request_id(headers: &HeaderMap) -> Option<HeaderValue> {
    single(headers, &REQUEST_ID)
        .filter(|id| is_request_id(id.as_bytes()))
        .cloned()
        .or_else(|| {
            let bytes = random_bytes::<8>().ok()?;
            HeaderValue::from_str(&hex(&bytes)).ok()
        })
}

fn is_request_id(id: &[u8]) -> bool {
    (1..=64).contains(&id.len())
        && id
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_ids() {
        let id = |value: &'static str| {
            let headers = HeaderMap::from_iter([(REQUEST_ID, HeaderValue::from_static(value))]);
            request_id(&headers).unwrap()
        };
        assert_eq!(id("a-1_2.B"), "a-1_2.B");
        for bad in ["", "a b", "<x>", "a\tb"] {
            assert_ne!(id(bad), bad);
            assert_eq!(id(bad).len(), 16);
        }
        assert_ne!(id(""), id(""), "they are random");
    }
}
