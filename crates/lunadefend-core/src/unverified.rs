//! What came in with a request, before its tokens are verified; read in words that are all ours.

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
/// A token from elsewhere, such as a field of a `multipart/form-data` body, is made by
/// [`UntrustedToken::parse`](crate::UntrustedToken::parse) and verified by [`Grants::verify`].
///
/// It also deserialises by serde alone, as a part of another type: for a message that says itself which
/// session it is for, or any other field that is needed before the tokens are verified.
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
/// Then the errors are serde's, which repeat what they found: do not log them. A field of a form that was
/// left blank is a wrong token there.
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

    /// Reads a JSON text. Errors say what is wrong and where, such as `payment.cards[2].number`, and echo
    /// nothing of the input: serde's own messages do (`invalid type: string "4111..."`). A key of a map
    /// is input: it is `*`. Inside of a part with `#[serde(flatten)]`, and of an enum with `tag` or
    /// `untagged`, a member has no place of its own.
    ///
    /// # Errors
    /// [`ErrorKind::BadToken`] when a token is not one, [`ErrorKind::BadRequest`] otherwise.
    pub fn from_json(text: &[u8]) -> Result<Self, Error> {
        reading::json(text).map_err(words::of_json)
    }

    /// Reads `application/x-www-form-urlencoded`: a form's body or a query.
    ///
    /// A browser sends every field of a form. One that was left blank is `None` where the type has an
    /// `Option` of a token, and is left out of a `Vec` of tokens; [`Patch`](crate::Patch) takes it as
    /// `Clear`.
    ///
    /// A form has texts alone. Serde reads a number or a `bool` from one only where it stands in the
    /// type itself: not in a part with `#[serde(flatten)]`, nor in an enum with `tag` or `untagged`.
    /// There it is a `String` in the type, or the request is JSON.
    ///
    /// # Errors
    /// [`ErrorKind::BadToken`] when a token is not one, [`ErrorKind::BadRequest`] otherwise.
    pub fn from_form(text: &[u8]) -> Result<Self, Error> {
        reading::form(text).map_err(words::of_form)
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
        && !is_encoded(headers)
}
