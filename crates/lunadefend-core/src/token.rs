//! Tokens in their three trust states.

use crate::{Error, ErrorKind};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{fmt, str::FromStr};

const PREFIX: &str = "lunasec-";
const LEN: usize = PREFIX.len() + 36;

/// The identifier of a token, `lunasec-<uuid>`, without any statement about trust.
///
/// It is what a [`GrantService`](crate::provider::GrantService) and a tokenizer work with. Handlers of an
/// application work with [`UntrustedToken`], [`VerifiedToken`] and [`GrantedToken`].
///
/// The spelling is kept as written: the original tokenizer hashes it as it stands, so that the
/// upper-case and the lower-case spelling of one UUID are two tokens.
///
/// # Security
/// Neither `Display` nor `Serialize`; `Debug` prints nothing of it.
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

    /// The identifier as it was written.
    ///
    /// # Security
    /// Never log it; whoever holds a grant of the session and this identifier reads the value.
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
    uuid.len() == 36
        && uuid.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// A token that came from outside and that nobody has verified.
///
/// It can be deserialised and handed to [`Grants::verify`](crate::Grants::verify), and nothing else:
/// it cannot be read, printed, cloned, serialised or stored. So a token that was not verified for the
/// session of the request cannot reach a database, a response or a log. One question it answers: whether
/// it [`is`](Self::is) the token that a row has already.
///
/// The empty string is not a token: an optional one is `Option<UntrustedToken>`. A field of a form that
/// was left blank is `Clear` of a [`Patch<UntrustedToken>`](crate::Patch), and `None` of an
/// `Option<VerifiedToken>` in a type with `#[derive(Tokens)]`.
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
    /// Takes a token from a source that is not deserialised: a path segment, a message, an argument.
    ///
    /// # Errors
    /// [`ErrorKind::BadToken`] when it is not the identifier of a token.
    pub fn parse(text: &str) -> Result<Self, Error> {
        TokenId::parse(text).map(Self)
    }

    /// Whether it is the token of a row, without asking a tokenizer: for a form that sends back what it
    /// was filled with, and that was open for longer than a grant lives. In a request type with
    /// `#[derive(Tokens)]` it is a field without `#[token]`, which stays untrusted.
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
    /// Go on with the row's `VerifiedToken`: this one stays untrusted. Choose the row by the session, as
    /// always; then the answer tells its owner nothing that they do not have.
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

/// A token that the tokenizer vouched for: the session of the request holds a grant for it. Or one
/// that the application stored after that, or made itself by tokenizing a value.
///
/// It can be stored (`sqlx` feature of the facade, [`storage`](crate::storage) for serde based
/// stores), cloned and compared. It has neither `Serialize` nor `Deserialize`: on the way out it must
/// be granted first ([`Grants::grant`](crate::Grants::grant) makes a [`GrantedToken`]), and on the
/// way in it must be verified.
///
/// # Security
/// Verified is not owned. It says that the session may read the value now; not that the row it is
/// about to be stored in, or was loaded from, belongs to the user. Authorise the row as always, and
/// ask a re-submitted token whether it [`is`](UntrustedToken::is) the row's own.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VerifiedToken(TokenId);

impl VerifiedToken {
    /// States that a token is verified, without asking a tokenizer.
    ///
    /// For the places that the types cannot see: a store without an integration, a test. Search for
    /// `assertion` to find every one.
    ///
    /// # Security
    /// Never on a token that came in with a request: that is the attack that this library is for.
    ///
    /// # Errors
    /// [`ErrorKind::BadToken`] when the text is not the identifier of a token.
    pub fn assertion(text: &str) -> Result<Self, Error> {
        TokenId::parse(text).map(Self)
    }

    /// The identifier, for a store without an integration.
    ///
    /// # Security
    /// A string carries no proof. It must not go to a browser: grant the token instead.
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

/// A token that was granted to the session it is about to be sent to.
///
/// Only [`Grants::grant`](crate::Grants::grant) makes one, and of the three states it is the only
/// one that serialises.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GrantedToken(TokenId);

impl GrantedToken {
    /// The identifier, for an output that is not serialised by serde, such as a template.
    ///
    /// # Security
    /// Send it to the session that it was granted to and to nobody else; do not store it.
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

/// What is said of an empty text, and of a list, in place of a token.
pub(crate) const BLANK: &str = "not a token: an empty text instead of `lunasec-<uuid>`";
pub(crate) const LIST: &str = "not a token: a list instead of `lunasec-<uuid>`";

/// Reads a token identifier from a string. Its error never echoes what was there instead: serde's
/// own would (`invalid type: string "4111..."`).
pub(crate) fn deserialize_id<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<TokenId, D::Error> {
    struct Visitor;

    // Every shape is answered with the same words.
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
    // A text format is asked for anything: asked for a string, serde_json would name the number that
    // it found instead.
    if deserializer.is_human_readable() {
        deserializer.deserialize_any(Visitor)
    } else {
        deserializer.deserialize_str(Visitor)
    }
}

#[cfg(test)]
mod tests;
