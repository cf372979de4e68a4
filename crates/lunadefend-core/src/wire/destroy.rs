//! Requests that destroy: they revoke grants by token, and delete tokens.

use super::request::{session_id, token_id};
use crate::{SessionId, provider::TokenId};
use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};

/// A request that needs a JWT of its own, made for its route and its body.
pub trait Destroys: Serialize + DeserializeOwned + Send {
    /// The path of the route below the tokenizer's URL, as the JWT names it.
    const ROUTE: &'static str;
}

/// `POST /v2/grants/revoke`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GrantsRevoke {
    /// The session whose grant ends, as the tokenizer knows it. Without it the grants of all sessions end.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "some_session",
        deserialize_with = "present_session"
    )]
    pub session_id: Option<SessionId>,
    /// The token.
    #[serde(with = "token_id")]
    pub token_id: TokenId,
}

impl Destroys for GrantsRevoke {
    const ROUTE: &'static str = "/v2/grants/revoke";
}

/// `POST /v2/tokens/delete`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TokensDelete {
    /// The tokens.
    pub token_ids: TokenIds,
}

impl Destroys for TokensDelete {
    const ROUTE: &'static str = "/v2/tokens/delete";
}

/// The tokens of one request: from 1 to [`MAX`](Self::MAX).
#[derive(Clone, Debug)]
pub struct TokenIds(Vec<TokenId>);

impl TokenIds {
    /// The maximum of tokens in one request.
    pub const MAX: usize = 100;
    /// What is said of everything else.
    pub(crate) const RULE: &str =
        "tokenIds is not a list of 1 to 100 tokens: one is written lunasec-<uuid>, in lower case";

    /// Makes a list; `None` when there are none, or too many.
    #[must_use]
    pub fn new(tokens: Vec<TokenId>) -> Option<Self> {
        (1..=Self::MAX)
            .contains(&tokens.len())
            .then_some(Self(tokens))
    }

    /// Returns the tokens.
    #[must_use]
    pub fn as_slice(&self) -> &[TokenId] {
        &self.0
    }
}

impl Serialize for TokenIds {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(TokenId::expose_id))
    }
}

impl<'de> Deserialize<'de> for TokenIds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // What is no list of texts is as wrong as an empty one.
        let texts = Vec::<String>::deserialize(deserializer).unwrap_or_default();
        let tokens: Result<_, _> = texts.iter().map(|text| TokenId::parse(text)).collect();
        tokens
            .ok()
            .and_then(Self::new)
            .ok_or_else(|| serde::de::Error::custom(Self::RULE))
    }
}

fn some_session<S: serde::Serializer>(
    id: &Option<SessionId>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match id {
        Some(id) => session_id::serialize(id, serializer),
        None => serializer.serialize_none(),
    }
}

/// A session that is there must be one: `null` is refused, since without it all sessions are meant.
fn present_session<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<SessionId>, D::Error> {
    session_id::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{self, REQUEST, StrictError};

    const TOKEN: &str = "lunasec-0a1b2c3d-1111-4222-8333-444455556666";

    fn token() -> TokenId {
        TokenId::parse(TOKEN).unwrap()
    }

    fn text(request: &impl Serialize) -> String {
        String::from_utf8(wire::to_vec(request)).unwrap()
    }

    fn refusal<T: Destroys>(text: &str) -> StrictError {
        match wire::from_slice::<T>(text.as_bytes(), REQUEST) {
            Ok(_) => panic!("accepted: {text}"),
            Err(error) => error,
        }
    }

    #[test]
    fn a_revocation_names_one_session_or_none() {
        for (session, expected) in [
            (None, format!(r#"{{"tokenId":"{TOKEN}"}}"#)),
            (
                Some("ann"),
                format!(r#"{{"sessionId":"ann","tokenId":"{TOKEN}"}}"#),
            ),
        ] {
            let request = GrantsRevoke {
                session_id: session.map(|id| SessionId::new(id).unwrap()),
                token_id: token(),
            };
            assert_eq!(text(&request), expected);
            let read: GrantsRevoke = wire::from_slice(expected.as_bytes(), REQUEST).unwrap();
            assert_eq!(read.session_id.as_ref().map(SessionId::expose_id), session);
            assert_eq!(read.token_id, token());
        }
        for session in ["null", "\"\"", "1", "[]", "{}"] {
            let text = format!(r#"{{"sessionId":{session},"tokenId":"{TOKEN}"}}"#);
            let refusal = refusal::<GrantsRevoke>(&text);
            assert_eq!(refusal, StrictError::Refused(session_id::RULE), "{text}");
        }
        let refusal = refusal::<GrantsRevoke>(r#"{"sessionId":"ann"}"#);
        assert_eq!(refusal, StrictError::Missing("tokenId"));
    }

    #[test]
    fn a_deletion_names_one_to_a_hundred_tokens() {
        let list = |count: usize| {
            let tokens = vec![format!("\"{TOKEN}\""); count].join(",");
            format!(r#"{{"tokenIds":[{tokens}]}}"#)
        };
        for count in [1, 2, 100] {
            let token_ids = TokenIds::new(vec![token(); count]).unwrap();
            assert_eq!(text(&TokensDelete { token_ids }), list(count));
            let read: TokensDelete = wire::from_slice(list(count).as_bytes(), REQUEST).unwrap();
            assert_eq!(read.token_ids.as_slice(), vec![token(); count]);
        }
        assert!(TokenIds::new(Vec::new()).is_none());
        assert!(TokenIds::new(vec![token(); 101]).is_none());
        for tokens in [
            "[]",
            "null",
            "{}",
            "[1]",
            "[null]",
            r#"["lunasec-x"]"#,
            &format!(r#"["{TOKEN}",""]"#),
            &format!("\"{TOKEN}\""),
        ] {
            let refused = refusal::<TokensDelete>(&format!(r#"{{"tokenIds":{tokens}}}"#));
            assert_eq!(refused, StrictError::Refused(TokenIds::RULE), "{tokens}");
        }
        let refused = refusal::<TokensDelete>(&list(101));
        assert_eq!(refused, StrictError::Refused(TokenIds::RULE));
        let refused = refusal::<TokensDelete>("{}");
        assert_eq!(refused, StrictError::Refused(TokenIds::RULE));
    }
}
