//! From the `http` 0.2 of actix-web to the `http` 1 of the core, by bytes. Core has the way back.
//!
//! If one accepts a part that the other does not (a `"` in a header name), the whole message is rejected: an
//! omitted header could be the one that matters.

use actix_web::http as actix;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use lunadefend_core::{Error, ErrorKind};

pub(crate) fn method(method: &actix::Method) -> Result<Method, Error> {
    Method::from_bytes(method.as_str().as_bytes()).map_err(unreadable)
}

pub(crate) fn headers(headers: &actix::header::HeaderMap) -> Result<HeaderMap, Error> {
    let mut converted = HeaderMap::new();
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_str().as_bytes()).map_err(unreadable)?;
        let value = HeaderValue::from_bytes(value.as_bytes()).map_err(unreadable)?;
        converted.try_append(name, value).map_err(unreadable)?;
    }
    Ok(converted)
}

fn unreadable(cause: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::BadRequest).with_source(cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_take_the_same_but_for_one_character_in_names() {
        for byte in 0..=u8::MAX {
            let bytes = [b'a', byte, b'z'];
            assert_eq!(
                HeaderValue::from_bytes(&bytes).is_ok(),
                actix::header::HeaderValue::from_bytes(&bytes).is_ok(),
                "value {byte}"
            );
            assert_eq!(
                HeaderName::from_bytes(&bytes).is_ok() || byte == b'"',
                actix::header::HeaderName::from_bytes(&bytes).is_ok(),
                "name {byte}"
            );
            // Methods only come in.
            assert!(
                Method::from_bytes(&bytes).is_ok() || actix::Method::from_bytes(&bytes).is_err(),
                "method {byte}"
            );
        }
        let mut sent = actix::header::HeaderMap::new();
        let name = actix::header::HeaderName::from_bytes(b"a\"z").unwrap();
        sent.insert(name, actix::header::HeaderValue::from_static("1"));
        assert_eq!(headers(&sent).unwrap_err().kind(), ErrorKind::BadRequest);
    }

    #[test]
    fn a_request_arrives_with_every_value_in_order() {
        use actix::header::{HeaderMap, HeaderName, HeaderValue};
        let mut sent = HeaderMap::new();
        for value in [&b"first"[..], b"sec\xffond", b""] {
            sent.append(
                HeaderName::from_static("x-repeated"),
                HeaderValue::from_bytes(value).unwrap(),
            );
        }
        sent.append(
            HeaderName::from_static("x-other"),
            HeaderValue::from_static("1"),
        );

        let headers = headers(&sent).unwrap();
        let values = headers.get_all("x-repeated").iter();
        let values: Vec<_> = values.map(|value| value.as_bytes()).collect();
        assert_eq!(values, [&b"first"[..], b"sec\xffond", b""]);
        assert_eq!(headers.len(), 4);
        let brew = actix::Method::from_bytes(b"BREW").unwrap();
        assert_eq!(method(&brew).unwrap(), "BREW");
    }
}
