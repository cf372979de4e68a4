//! Errors and granted values as HTTP responses, and the media type of JSON.

use crate::{Error, ErrorKind};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, header};
use serde::Serialize;

/// Logs an error and renders it: `{"success":false,"error":{"name","message","code"}}` with its status.
///
/// A 5xx is logged with its cause, which is not sent. Every adapter uses this function. The response carries
/// a clone of the error in its extensions.
#[must_use]
pub fn log_and_render(error: &Error) -> Response<Bytes> {
    #[derive(Serialize)]
    struct Failure<'a> {
        success: bool,
        error: &'a Error,
    }

    if error.status().is_server_error() {
        tracing::error!(
            name = error.name(),
            cause = error as &dyn std::error::Error,
            "answering {}",
            error.status().as_u16()
        );
    } else {
        tracing::debug!(name = error.name(), "answering {}", error.status().as_u16());
    }
    let body = serde_json::to_vec(&Failure {
        success: false,
        error,
    })
    .unwrap_or_default();
    let mut response = json_response(body);
    *response.status_mut() = error.status();
    response.headers_mut().insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response.extensions_mut().insert(error.clone());
    response
}

/// Renders a granted value as JSON that caches must not store.
///
/// If serialisation fails, logs and renders [`ErrorKind::Internal`].
#[must_use]
pub fn render_granted(granted: &impl Serialize) -> Response<Bytes> {
    match serde_json::to_vec(granted) {
        Ok(body) => json_response(body),
        Err(cause) => log_and_render(&Error::new(ErrorKind::Internal).with_source(cause)),
    }
}

fn json_response(body: Vec<u8>) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Returns whether a message is plain JSON: one `Content-Type` of `application/json`, with no charset or
/// UTF-8, and no content encoding.
///
/// The common misspelling `utf8` and the encoding `identity` are accepted.
#[must_use]
pub fn is_json(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(content_type), None) = (types.next(), types.next()) else {
        return false;
    };
    let Ok(text) = content_type.to_str() else {
        return false;
    };
    let mut parts = text.split(';').map(str::trim);
    let json = parts
        .next()
        .is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"));
    json && !is_encoded(headers)
        && parts.all(|parameter| match parameter.split_once('=') {
            Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
                let charset = value.trim().trim_matches('"');
                ["utf-8", "utf8"]
                    .iter()
                    .any(|utf8| charset.eq_ignore_ascii_case(utf8))
            }
            _ => true,
        })
}

/// Returns whether the body of a message is content-encoded, such as compressed.
///
/// `identity` does not count as an encoding (RFC 9110, section 12.5.3).
#[must_use]
pub fn is_encoded(headers: &HeaderMap) -> bool {
    let mut encodings = headers.get_all(header::CONTENT_ENCODING).iter();
    !encodings.all(|encoding| encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_json_in_utf8_is_json() {
        let headers = |value: &str| {
            HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_str(value).unwrap())])
        };
        for yes in [
            "application/json",
            "Application/JSON; charset=UTF-8",
            "application/json;charset=\"utf-8\"",
            "application/json; foo=bar",
            "application/json; charset=utf8",
            "application/json; charset=\"UTF8\"",
        ] {
            assert!(is_json(&headers(yes)), "{yes}");
        }
        for no in [
            "text/plain",
            "application/json5",
            "application/json; charset=latin1",
            "application/json; charset=utf-16",
            "",
        ] {
            assert!(!is_json(&headers(no)), "{no}");
        }
        assert!(!is_json(&HeaderMap::new()));
        let mut twice = headers("application/json");
        twice.append(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        assert!(!is_json(&twice));
        let mut encoded = headers("application/json");
        for (encoding, is_read) in [("identity", true), ("Identity", true), ("gzip", false)] {
            encoded.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
            assert_eq!(is_json(&encoded), is_read, "{encoding}");
        }
        encoded.append(
            header::CONTENT_ENCODING,
            HeaderValue::from_static("identity"),
        );
        assert!(!is_json(&encoded), "identity hides no other one");
    }
}
