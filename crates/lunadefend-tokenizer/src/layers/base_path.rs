//! The path of the public URL, which a proxy in front may strip or not.

use crate::state::Shared;
use axum::{extract::Request, response::Response};
use http::{Uri, uri::PathAndQuery};

/// Strips it from the path of the request, so that routes match.
pub(crate) async fn strip<F: Future<Output = Response>>(
    shared: &Shared,
    mut request: Request,
    next: impl FnOnce(Request) -> F,
) -> Response {
    strip_base_path(request.uri_mut(), shared.config.public_url.path());
    next(request).await
}

fn strip_base_path(uri: &mut Uri, base: &str) {
    if base.is_empty() {
        return;
    }
    let Some(rest) = uri
        .path_and_query()
        .and_then(|path| path.as_str().strip_prefix(base))
        .filter(|rest| rest.starts_with('/'))
    else {
        return;
    };
    let Ok(rest) = PathAndQuery::try_from(rest) else {
        return;
    };
    let mut parts = std::mem::take(uri).into_parts();
    parts.path_and_query = Some(rest);
    // The parts come from a valid URI; without one the request has no route.
    *uri = Uri::from_parts(parts).unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_path() {
        let strip = |uri: &str, base| {
            let mut uri = uri.parse().unwrap();
            strip_base_path(&mut uri, base);
            uri.to_string()
        };
        assert_eq!(strip("/prod/grant/set?x=1", "/prod"), "/grant/set?x=1");
        assert_eq!(strip("/grant/set?x=1", "/prod"), "/grant/set?x=1");
        assert_eq!(
            strip("/production/grant/set", "/prod"),
            "/production/grant/set"
        );
        assert_eq!(strip("/prod", "/prod"), "/prod");
        assert_eq!(strip("/grant/set", ""), "/grant/set");
        assert_eq!(strip("http://h/prod/health", "/prod"), "http://h/health");
        assert_eq!(strip("*", "/prod"), "*");
    }
}
