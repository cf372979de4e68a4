//! Bodies of requests to a tokenizer.

use super::Metadata;
use crate::{SessionId, provider::TokenId, token::deserialize_id};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// `POST /grant/set`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct GrantSet {
    /// The session, as the tokenizer is to know it.
    #[serde(with = "session_id")]
    #[cfg_attr(feature = "schema", schemars(with = "SessionId"))]
    pub session_id: SessionId,
    /// The token.
    #[serde(with = "token_id")]
    #[cfg_attr(feature = "schema", schemars(with = "TokenId"))]
    pub token_id: TokenId,
    /// A Go duration. Kept as text, so that an invalid one gets its own error response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<crate::GrantDuration>"))]
    pub custom_duration: Option<String>,
}

/// `POST /grant/verify`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct GrantVerify {
    /// The session, as the tokenizer knows it.
    #[serde(with = "session_id")]
    #[cfg_attr(feature = "schema", schemars(with = "SessionId"))]
    pub session_id: SessionId,
    /// The token.
    #[serde(with = "token_id")]
    #[cfg_attr(feature = "schema", schemars(with = "TokenId"))]
    pub token_id: TokenId,
}

/// `POST /tokenize`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Tokenize {
    /// The kind of the value, such as `{"dataType":"string"}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
}

/// `POST /detokenize` and `POST /metadata/get`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct TokenRequest {
    /// The token.
    #[serde(with = "token_id")]
    #[cfg_attr(feature = "schema", schemars(with = "TokenId"))]
    pub token_id: TokenId,
}

/// `POST /metadata/set`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct MetadataSet {
    /// The token.
    #[serde(with = "token_id")]
    #[cfg_attr(feature = "schema", schemars(with = "TokenId"))]
    pub token_id: TokenId,
    /// Its metadata from now on.
    pub metadata: Metadata,
}

pub(super) mod session_id {
    use super::{Deserialize, Deserializer, Serializer, SessionId};

    /// What is said of everything else.
    pub(crate) const RULE: &str = "sessionId is not a session id: a text of 1 to 1024 bytes";

    pub(crate) fn serialize<S: Serializer>(
        id: &SessionId,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(id.expose_id())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<SessionId, D::Error> {
        let id = String::deserialize(deserializer).ok();
        id.and_then(|id| SessionId::new(id).ok())
            .ok_or_else(|| serde::de::Error::custom(RULE))
    }
}

pub(super) mod token_id {
    use super::{Deserializer, Serializer, TokenId, deserialize_id};

    /// What is said of everything else.
    pub(crate) const RULE: &str =
        "tokenId is not a token: one is written lunasec-<uuid>, in lower case";

    pub(crate) fn serialize<S: Serializer>(id: &TokenId, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(id.expose_id())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<TokenId, D::Error> {
        deserialize_id(deserializer).map_err(|_| serde::de::Error::custom(RULE))
    }
}

impl<'de> Deserialize<'de> for Metadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<serde_json::value::RawValue>::deserialize(deserializer)?;
        Self::from_json(raw.get()).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::strict;

    /// The bodies that LunaSec's SDK sends (`grants_requests.json`).
    #[test]
    fn bodies_are_the_originals_byte_for_byte() {
        let token_id = TokenId::parse("lunasec-0a1b2c3d-1111-4222-8333-444455556666").unwrap();
        let body = |session: &str, duration: Option<&str>| {
            String::from_utf8(super::super::to_vec(&GrantSet {
                session_id: SessionId::new(session).unwrap(),
                token_id: token_id.clone(),
                custom_duration: duration.map(str::to_owned),
            }))
            .unwrap()
        };
        assert_eq!(
            body("session-abc", None),
            r#"{"sessionId":"session-abc","tokenId":"lunasec-0a1b2c3d-1111-4222-8333-444455556666"}"#
        );
        assert_eq!(
            body("session-abc", Some("15m")),
            r#"{"sessionId":"session-abc","tokenId":"lunasec-0a1b2c3d-1111-4222-8333-444455556666","customDuration":"15m"}"#
        );
        assert_eq!(
            body("s\u{e9}\"\u{2028}\u{1f600}", None),
            "{\"sessionId\":\"s\u{e9}\\\"\u{2028}\u{1f600}\",\"tokenId\":\"lunasec-0a1b2c3d-1111-4222-8333-444455556666\"}"
        );
    }

    #[test]
    fn metadata_is_an_object_or_absent() {
        let read = |text: &str| strict::from_slice::<Tokenize>(text.as_bytes(), strict::REQUEST);
        assert!(read("{}").unwrap().metadata.is_none());
        assert!(read(r#"{"metadata":null}"#).unwrap().metadata.is_none());
        let kept = read(r#"{"metadata": {"z":9007199254740993, "e":1e21} }"#)
            .unwrap()
            .metadata
            .unwrap();
        assert_eq!(
            kept.as_json(),
            r#"{"z":9007199254740993, "e":1e21}"#,
            "kept as written"
        );
        for bad in ["[]", "\"x\"", "1", "[{}]"] {
            assert!(read(&format!("{{\"metadata\":{bad}}}")).is_err(), "{bad}");
        }
    }
}
