//! Tokens in their three trust states.

use crate::{Error, ErrorKind};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{fmt, str::FromStr};

const PREFIX: &str = "lunasec-";
const LEN: usize = PREFIX.len() + 36;

/// The identifier of a token, `lunasec-<uuid>`, with no claim about trust.
///
/// [`GrantService`](crate::provider::GrantService)s and tokenizers work with it. Application handlers work
/// with [`UntrustedToken`], [`VerifiedToken`] and [`GrantedToken`].
///
/// The spelling is kept as written. LunaSec's tokenizer hashes the text itself, so the upper-case and the
/// lower-case spelling of one UUID are two tokens.
///
/// # Security
/// Implements neither `Display` nor `Serialize`; `Debug` prints none of it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TokenId(Box<str>);

impl TokenId {
    /// Parses a whole string as a token identifier:
    /// `^lunasec-[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`.
    ///
    /// # Errors
    /// [`ErrorKind::BadToken`]; the message does not repeat the input.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if is_token(text) {
            Ok(Self(text.into()))
        } else {
            Err(Error::new(ErrorKind::BadToken))
        }
    }

    /// Makes the identifier of a new token from 16 random bytes (UUID version 4, RFC 9562 section
    /// 5.4, in lower case).
    ///
    /// # Security
    /// The bytes must come from the generator of the operating system.
    #[must_use]
    pub fn from_random(mut bytes: [u8; 16]) -> Self {
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        let mut text = String::with_capacity(LEN);
        text.push_str(PREFIX);
        for (index, byte) in bytes.iter().enumerate() {
            if matches!(index, 4 | 6 | 8 | 10) {
                text.push('-');
            }
            for digit in [byte >> 4, byte & 0x0f] {
                text.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
            }
        }
        Self(text.into())
    }

    /// Returns the identifier as it was written.
    ///
    /// # Security
    /// Never log it: a client that has this identifier and a session with a grant for it can read the value.
    #[must_use]
    pub fn expose_id(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenId(..)")
    }
}

fn is_token(text: &str) -> bool {
    let Some(uuid) = text.strip_prefix(PREFIX) else {
        return false;
    };
    let is_hex = |part: &[u8]| part.iter().all(u8::is_ascii_hexdigit);
    let uuid = uuid.as_bytes();
    // By whole parts: byte by byte it takes three times as long, and a call may have hundreds of tokens.
    uuid.len() == 36
        && [8, 13, 18, 23].iter().all(|&index| uuid[index] == b'-')
        && is_hex(&uuid[..8])
        && is_hex(&uuid[9..13])
        && is_hex(&uuid[14..18])
        && is_hex(&uuid[19..23])
        && is_hex(&uuid[24..])
}

/// A token that came in with a request and is not verified yet.
///
/// It can be deserialised, compared with a row's token ([`is`](Self::is)) and handed to
/// [`Grants::verify`](crate::Grants::verify). It cannot be read, printed, cloned, serialised or stored. A
/// token that was not verified for the session of the request therefore cannot reach a database, a response
/// or a log.
///
/// The empty string is not a token; an optional token is an `Option<UntrustedToken>`. A form field that the
/// user left blank is read as `Clear` by [`Patch<UntrustedToken>`](crate::Patch). In a type with
/// `#[derive(Tokens)]` an `Option<VerifiedToken>` reads it as `None`.
///
/// ```
/// use lunadefend_core::UntrustedToken;
///
/// # #[derive(serde::Deserialize)]
/// struct SetSsn {
///     ssn_token: UntrustedToken,
/// }
/// let error = serde_json::from_str::<SetSsn>(r#"{"ssn_token":"4111111111111111"}"#);
/// assert!(!error.err().unwrap().to_string().contains("4111"), "nothing echoes the input");
/// ```
#[must_use = "a token that came in must be verified against the session of the request"]
pub struct UntrustedToken(TokenId);

impl UntrustedToken {
    /// Parses a token from a source that serde does not read: a path segment, a message, an argument.
    ///
    /// # Errors
    /// [`ErrorKind::BadToken`] when the text is not a token identifier.
    pub fn parse(text: &str) -> Result<Self, Error> {
        TokenId::parse(text).map(Self)
    }

    /// Returns whether this is the row's own token, without calling the tokenizer.
    ///
    /// Use it for a form that posts its prefilled token back after the grant may have expired. In a request
    /// type with `#[derive(Tokens)]`, declare the field as `UntrustedToken` without `#[token]`: it stays
    /// untrusted.
    ///
    /// ```
    /// use lunadefend_core::{Error, Grants, SessionId, UntrustedToken, VerifiedToken};
    ///
    /// /// A hidden field of the edit page has the row's own token, unless the user typed a new value.
    /// async fn save(
    ///     grants: &Grants,
    ///     session: &SessionId,
    ///     row: &mut VerifiedToken, // of the session's user
    ///     posted: UntrustedToken,
    /// ) -> Result<(), Error> {
    ///     if !posted.is(row) {
    ///         *row = grants.verify(session, posted).await?;
    ///     }
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Security
    /// Continue with the row's `VerifiedToken`; the posted token stays untrusted. Choose the row by the
    /// session, as always: the result then tells the user nothing new.
    #[must_use]
    pub fn is(&self, row: &VerifiedToken) -> bool {
        self.0 == row.0
    }

    pub(crate) fn id(&self) -> &TokenId {
        &self.0
    }

    pub(crate) fn into_verified(self) -> VerifiedToken {
        VerifiedToken(self.0)
    }
}

impl FromStr for UntrustedToken {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text)
    }
}

impl fmt::Debug for UntrustedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UntrustedToken(..)")
    }
}

impl<'de> Deserialize<'de> for UntrustedToken {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize_id(deserializer).map(Self)
    }
}

/// A verified token: the tokenizer confirmed that the session of the request holds a grant for it.
///
/// A token that the application loads from its own store, or makes by tokenizing a value, is verified too.
///
/// It can be cloned, compared and stored (with the facade's `sqlx` feature, or with
/// [`storage`](crate::storage) for stores based on serde). It implements neither `Serialize` nor
/// `Deserialize`. To send it, grant it first: [`Grants::grant`](crate::Grants::grant) makes a
/// [`GrantedToken`]. To receive it, verify an [`UntrustedToken`].
///
/// # Security
/// Verified does not mean owned. The session may read the value now, but the row that holds the token, or
/// will hold it, may belong to another user. Authorise the row as always, and check with
/// [`is`](UntrustedToken::is) whether a re-submitted token is the row's own.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VerifiedToken(TokenId);

impl VerifiedToken {
    /// Asserts that a token is verified, without calling the tokenizer.
    ///
    /// Use it where the types cannot follow the token: in a store without an integration, or in a test.
    /// Search for `assertion` to find every use.
    ///
    /// # Security
    /// Never call it with a token that came in with a request: that is the attack this library prevents.
    ///
    /// # Errors
    /// [`ErrorKind::BadToken`] when the text is not a token identifier.
    pub fn assertion(text: &str) -> Result<Self, Error> {
        TokenId::parse(text).map(Self)
    }

    /// Returns the identifier, for a store without an integration.
    ///
    /// # Security
    /// A string carries no proof. Never send it to a browser: grant the token instead.
    #[must_use]
    pub fn expose_id(&self) -> &str {
        self.0.expose_id()
    }

    pub(crate) fn from_storage(id: TokenId) -> Self {
        Self(id)
    }

    pub(crate) fn id(&self) -> &TokenId {
        &self.0
    }

    pub(crate) fn into_granted(self) -> GrantedToken {
        GrantedToken(self.0)
    }
}

impl fmt::Debug for VerifiedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VerifiedToken(..)")
    }
}

/// A token granted to the session that it is sent to.
///
/// Only [`Grants::grant`](crate::Grants::grant) makes one. Of the three states, it alone serialises.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GrantedToken(TokenId);

impl GrantedToken {
    /// Returns the identifier, for output that serde does not write, such as a template.
    ///
    /// # Security
    /// Send it only to the session that it was granted to; do not store it.
    #[must_use]
    pub fn expose_id(&self) -> &str {
        self.0.expose_id()
    }
}

impl fmt::Debug for GrantedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GrantedToken(..)")
    }
}

impl Serialize for GrantedToken {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.expose_id())
    }
}

/// The messages for an empty text, and for a list, in place of a token.
pub(crate) const BLANK: &str = "not a token: an empty text instead of `lunasec-<uuid>`";
pub(crate) const LIST: &str = "not a token: a list instead of `lunasec-<uuid>`";

/// Reads a token identifier from a string. Its error never echoes the input; serde's own would (`invalid
/// type: string "4111..."`).
pub(crate) fn deserialize_id<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<TokenId, D::Error> {
    struct Visitor;

    // Every shape gets the same message.
    macro_rules! refuse {
        ($($visit:ident: $type:ty),*) => {
            $(fn $visit<E: de::Error>(self, _: $type) -> Result<TokenId, E> {
                Err(E::custom(Error::new(ErrorKind::BadToken)))
            })*
        };
    }

    impl<'de> de::Visitor<'de> for Visitor {
        type Value = TokenId;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a token, `lunasec-<uuid>`")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<TokenId, E> {
            TokenId::parse(text).map_err(|error| match text {
                "" => E::custom(BLANK),
                _ => E::custom(error),
            })
        }

        refuse! {
            visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_i128: i128, visit_u128: u128,
            visit_f64: f64, visit_bytes: &[u8]
        }

        fn visit_unit<E: de::Error>(self) -> Result<TokenId, E> {
            Err(E::custom(Error::new(ErrorKind::BadToken)))
        }

        fn visit_none<E: de::Error>(self) -> Result<TokenId, E> {
            self.visit_unit()
        }

        fn visit_seq<A: de::SeqAccess<'de>>(self, _: A) -> Result<TokenId, A::Error> {
            Err(de::Error::custom(LIST))
        }

        fn visit_map<A: de::MapAccess<'de>>(self, _: A) -> Result<TokenId, A::Error> {
            Err(de::Error::custom(Error::new(ErrorKind::BadToken)))
        }
    }
    // Text formats use `deserialize_any`: with `deserialize_str`, serde_json's error would contain the number
    // that it found.
    if deserializer.is_human_readable() {
        deserializer.deserialize_any(Visitor)
    } else {
        deserializer.deserialize_str(Visitor)
    }
}

#[cfg(test)]
mod tests;
