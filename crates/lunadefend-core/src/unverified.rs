//! What came in with a request, before its tokens are verified; read in words that are all ours.

use crate::{
    Error, ErrorKind, FromUntrusted, Grants, SessionId, Verify, VerifyCollector, VerifyProof,
};
use http::{HeaderMap, Method, header};
use serde::{Deserialize, Deserializer};
use std::fmt;

/// A `T` that came in and whose tokens nobody has verified.
///
/// There is one thing to do with it: [`verify`](Self::verify), which makes the `T`. The extractors of
/// the adapters read and verify it themselves; this type is for code without a framework, such as the
/// consumer of a queue:
///
/// ```
/// use lunadefend_core::{Error, FromUntrusted, Grants, SessionId, Unverified};
///
/// async fn consume<T: FromUntrusted>(
///     grants: &Grants,
///     session: &SessionId,
///     message: &[u8],
/// ) -> Result<T, Error> {
///     Unverified::from_json(message)?.verify(grants, session).await
/// }
/// ```
///
/// It also deserialises by serde alone, whose errors repeat what they found: do not log them.
#[must_use = "a value that came in must be verified against the session that it came with"]
pub struct Unverified<T: FromUntrusted>(T::Wire);

impl<T: FromUntrusted> Verify for Unverified<T> {
    type Verified = T;

    fn collect(&self, tokens: &mut VerifyCollector) {
        self.0.collect(tokens);
    }

    fn upgrade(self, proof: &VerifyProof) -> Result<T, Error> {
        self.0.upgrade(proof)
    }
}

impl<'de, T: FromUntrusted> Deserialize<'de> for Unverified<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::Wire::deserialize(deserializer).map(Self)
    }
}

impl<T: FromUntrusted> fmt::Debug for Unverified<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unverified(..)")
    }
}

impl<T: FromUntrusted> Unverified<T> {
    #[cfg(feature = "async-graphql")]
    pub(crate) const fn new(wire: T::Wire) -> Self {
        Self(wire)
    }

    /// Reads a JSON text. Errors say what is wrong and where, and echo nothing of the input: serde's
    /// own messages do (`invalid type: string "4111..."`).
    ///
    /// # Errors
    /// [`ErrorKind::BadToken`] when a token is not one, [`ErrorKind::BadRequest`] otherwise.
    pub fn from_json(text: &[u8]) -> Result<Self, Error> {
        serde_json::from_slice(text).map_err(|error| {
            let place = format!(" (line {}, column {})", error.line(), error.column());
            reword(&error.to_string(), &place)
        })
    }

    /// Reads `application/x-www-form-urlencoded`: a form's body or a query.
    ///
    /// # Errors
    /// [`ErrorKind::BadToken`] when a token is not one, [`ErrorKind::BadRequest`] otherwise.
    pub fn from_form(text: &[u8]) -> Result<Self, Error> {
        serde_html_form::from_bytes(text).map_err(|error| reword(&error.to_string(), ""))
    }

    /// Reads what a request carries: the query of a GET or HEAD, otherwise a body that is JSON or a
    /// form by its `Content-Type`.
    ///
    /// # Errors
    /// [`ErrorKind::UnsupportedMediaType`] for another kind of body, and those of
    /// [`from_json`](Self::from_json).
    pub fn from_request(
        method: &Method,
        query: Option<&str>,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Self, Error> {
        if matches!(*method, Method::GET | Method::HEAD) {
            Self::from_form(query.unwrap_or_default().as_bytes())
        } else if crate::is_json(headers) {
            Self::from_json(body)
        } else if is_form(headers) {
            Self::from_form(body)
        } else {
            Err(Error::new(ErrorKind::UnsupportedMediaType).with_message(
                "the body of the request must be application/json in UTF-8 or application/x-www-form-urlencoded",
            ))
        }
    }

    /// Verifies every token for the session, in one call.
    ///
    /// # Errors
    /// Those of [`Grants::verify`]; no token is let through when one is refused.
    pub async fn verify(self, grants: &Grants, session: &SessionId) -> Result<T, Error> {
        grants.verify(session, self).await
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.split(';').next())
        .is_some_and(|essence| {
            essence
                .trim()
                .eq_ignore_ascii_case("application/x-www-form-urlencoded")
        })
        && !headers.contains_key(header::CONTENT_ENCODING)
}

/// Says what a deserializer found wrong, in words that are all ours.
fn reword(found: &str, place: &str) -> Error {
    let bad_token = Error::new(ErrorKind::BadToken);
    if found.contains(bad_token.message()) || found.contains("expected a token, `lunasec-<uuid>`") {
        return bad_token;
    }
    let message = match missing_member(found) {
        Some(name) => format!("the member `{name}` is missing{place}"),
        None => format!(
            "the request cannot be read: not well-formed, or a member has the wrong type or value{place}"
        ),
    };
    Error::new(ErrorKind::BadRequest).with_message(message)
}

/// The name in serde's "missing field `name`". It is that of a field in the program; only something
/// that looks like one is let through.
fn missing_member(found: &str) -> Option<&str> {
    let name = found.strip_prefix("missing field `")?.split('`').next()?;
    let identifier = name.len() <= 64
        && name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
    identifier.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::VerifiedToken;

    fn error(body: &str) -> Error {
        Unverified::<Vec<VerifiedToken>>::from_json(body.as_bytes()).unwrap_err()
    }

    #[test]
    fn a_malformed_token_is_named_as_that_and_not_echoed() {
        for body in [
            "[\"4111\"]",
            "[4111]",
            "[null]",
            "[[\"4111\"]]",
            "[{\"4111\":1}]",
            "[true]",
        ] {
            let error = error(body);
            assert_eq!(error.kind(), ErrorKind::BadToken, "{body}: {error}");
            assert!(!format!("{error:?}").contains("4111"));
        }
    }

    #[test]
    fn anything_else_is_a_bad_request_with_its_place() {
        for body in ["", "[", "{\"4111\":1}", "\"4111\"", "[] 4111"] {
            let error = error(body);
            assert_eq!(error.kind(), ErrorKind::BadRequest, "{body}");
            assert!(error.message().contains("line"), "{error}");
            assert!(!format!("{error:?}").contains("4111"), "{error}");
        }
    }

    #[test]
    fn missing_members_are_named_by_the_program_only() {
        assert_eq!(
            missing_member("missing field `ssn_token` at line 1"),
            Some("ssn_token")
        );
        assert_eq!(missing_member("missing field `4111111111111111`"), None);
        assert_eq!(missing_member("missing field `a b`"), None);
        assert_eq!(missing_member("invalid type"), None);
    }
}
