//! Values from a request, before their tokens are verified; read with errors that never echo the input.

#[cfg(test)]
mod tests;
pub(crate) mod words;

use crate::{
    Error, ErrorKind, FromUntrusted, Grants, SessionId,
    adapter::is_encoded,
    reading,
    trust::{Verify, VerifyCollector, VerifyProof},
};
use http::{HeaderMap, Method, header};
use serde::{Deserialize, Deserializer};
use std::fmt;

/// A `T` from a request, with its tokens not verified yet.
///
/// Its one use is [`verify`](Self::verify), which returns the `T`. The extractors of the adapters read and
/// verify it themselves. Use this type in code without a framework, such as a queue consumer:
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
/// For a token from another source, such as a field of a `multipart/form-data` body, call
/// [`UntrustedToken::parse`](crate::UntrustedToken::parse), then [`Grants::verify`].
///
/// It also implements `Deserialize`, to be part of another type. Use that for a message that names its
/// session, or for any field that you need before the tokens are verified.
///
/// ```
/// use lunadefend_core::{Error, Grants, SessionId, Unverified, VerifiedToken};
///
/// # #[derive(serde::Deserialize)]
/// struct Envelope {
///     user: String,
///     cards: Unverified<Vec<VerifiedToken>>, // or another type with `#[derive(Tokens)]`
/// }
///
/// async fn open(
///     grants: &Grants,
///     session_of: impl Fn(&str) -> SessionId,
///     envelope: Envelope,
/// ) -> Result<Vec<VerifiedToken>, Error> {
///     let session = session_of(&envelope.user);
///     envelope.cards.verify(grants, &session).await
/// }
/// ```
///
/// The errors are then serde's, which repeat the input: do not log them. A form field that was left blank is
/// an invalid token there.
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

    /// Reads a JSON text.
    ///
    /// Errors name the problem and its path, such as `payment.cards[2].number`, but never echo the input, as
    /// serde's own would (`invalid type: string "4111..."`). A map key is input, so the path shows it as `*`.
    /// Inside a part with `#[serde(flatten)]`, and inside an enum with `tag` or `untagged`, the path of a
    /// member is unknown.
    ///
    /// # Errors
    /// [`ErrorKind::BadToken`] for an invalid token, [`ErrorKind::BadRequest`] otherwise.
    pub fn from_json(text: &[u8]) -> Result<Self, Error> {
        reading::json(text).map_err(words::of_json)
    }

    /// Reads `application/x-www-form-urlencoded`: the body of a form, or a query.
    ///
    /// A browser sends every field of a form. An `Option` of a token reads a blank field as `None`, a `Vec`
    /// of tokens leaves it out, and [`Patch`](crate::Patch) reads it as `Clear`.
    ///
    /// A form contains only texts. Serde parses a number or a `bool` from one in a direct field of the type,
    /// but not in a part with `#[serde(flatten)]` or in an enum with `tag` or `untagged`. Declare a `String`
    /// there, or send JSON.
    ///
    /// # Errors
    /// [`ErrorKind::BadToken`] for an invalid token, [`ErrorKind::BadRequest`] otherwise.
    pub fn from_form(text: &[u8]) -> Result<Self, Error> {
        reading::form(text).map_err(words::of_form)
    }

    /// Reads the query of a GET or HEAD request, otherwise the body: JSON or a form, by its `Content-Type`.
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
        } else if crate::adapter::is_json(headers) {
            Self::from_json(body)
        } else if is_form(headers) {
            Self::from_form(body)
        } else {
            Err(Error::new(ErrorKind::UnsupportedMediaType).with_message(
                "the body of the request must be application/json in UTF-8 or application/x-www-form-urlencoded",
            ))
        }
    }

    /// Verifies every token for the session in one call, and returns the `T`.
    ///
    /// # Errors
    /// Those of [`Grants::verify`]; if one token is rejected, all are.
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
        && !is_encoded(headers)
}
