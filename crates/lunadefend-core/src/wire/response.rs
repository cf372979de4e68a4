//! Bodies of a tokenizer's responses.

use super::{Metadata, request::token_id, strict};
use crate::provider::TokenId;
use serde::{Deserialize, Deserializer, Serialize, Serializer, ser::SerializeStruct};
use std::{collections::BTreeMap, fmt};

/// A successful response: `{"success":true,"error":{},"data":T}`.
///
/// Reading fails unless `success` is the literal `true` and `data` is an object that reads as a `T`.
#[derive(Clone, Debug)]
pub struct Success<T>(pub T);

impl<T: Serialize> Serialize for Success<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut answer = serializer.serialize_struct("Success", 3)?;
        answer.serialize_field("success", &true)?;
        answer.serialize_field("error", &Empty {})?;
        answer.serialize_field("data", &self.0)?;
        answer.end()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Success<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(bound = "T: Deserialize<'de>")]
        struct Raw<T> {
            success: bool,
            #[serde(deserialize_with = "strict::object")]
            data: T,
        }

        let raw = Raw::deserialize(deserializer)?;
        if raw.success {
            Ok(Self(raw.data))
        } else {
            Err(serde::de::Error::custom("not a success"))
        }
    }
}

/// `data` of `/grant/set` and of every response without data.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Empty {}

/// `data` of `/grant/verify`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GrantVerified {
    /// Whether the session holds a live grant for the token.
    pub valid: bool,
}

/// `data` of `/tokenize`.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Tokenized {
    /// The new token.
    #[serde(with = "token_id")]
    #[cfg_attr(feature = "schema", schemars(with = "TokenId"))]
    pub token_id: TokenId,
    /// The URL to PUT the value to; signed, hence a secret.
    pub upload_url: String,
    /// Headers to send along.
    pub headers: BTreeMap<String, String>,
}

/// `data` of `/detokenize`.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Detokenized {
    /// The URL to GET the value from; signed, hence a secret.
    pub download_url: String,
    /// Headers to send along.
    pub headers: BTreeMap<String, String>,
}

impl fmt::Debug for Tokenized {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokenized(..)")
    }
}

impl fmt::Debug for Detokenized {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Detokenized(..)")
    }
}

/// `data` of `/metadata/get`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MetadataFound {
    /// The metadata as it was given to `/tokenize`.
    pub metadata: Metadata,
}

/// A tokenizer's error response: `{"success":false,"error":{..}}`.
///
/// LunaSec writes `errorName` and `errorMessage`, but its API description says `name` and `message`. All four
/// are written and any of them is read. `Debug` prints none of them: a hostile peer may have put a token or a
/// JWT into them.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Failure {
    /// The name; LunaSec's tokenizer sends `TokenizerError`.
    pub name: String,
    /// The message, for people.
    pub message: String,
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Failure(..)")
    }
}

impl Serialize for Failure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Fields<'a> {
            error_name: &'a str,
            error_message: &'a str,
            name: &'a str,
            message: &'a str,
        }

        let mut failure = serializer.serialize_struct("Failure", 2)?;
        failure.serialize_field("success", &false)?;
        failure.serialize_field(
            "error",
            &Fields {
                error_name: &self.name,
                error_message: &self.message,
                name: &self.name,
                message: &self.message,
            },
        )?;
        failure.end()
    }
}

impl<'de> Deserialize<'de> for Failure {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        struct Fields {
            error_name: Option<String>,
            error_message: Option<String>,
            name: Option<String>,
            message: Option<String>,
        }

        #[derive(Deserialize)]
        struct Raw {
            #[serde(deserialize_with = "strict::object")]
            error: Fields,
        }

        let Fields {
            error_name,
            error_message,
            name,
            message,
        } = Raw::deserialize(deserializer)?.error;
        Ok(Self {
            name: name.or(error_name).unwrap_or_default(),
            message: message.or(error_message).unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{RESPONSE, from_slice, to_vec};

    #[test]
    fn answers_are_the_originals_byte_for_byte() {
        assert_eq!(
            to_vec(&Success(Empty {})),
            br#"{"success":true,"error":{},"data":{}}"#
        );
        assert_eq!(
            to_vec(&Success(GrantVerified { valid: true })),
            br#"{"success":true,"error":{},"data":{"valid":true}}"#
        );
    }

    #[test]
    fn both_spellings_of_a_failure_are_read() {
        let read = |body: &str| from_slice::<Failure>(body.as_bytes(), RESPONSE);
        let expected = Failure {
            name: "N".into(),
            message: "M".into(),
        };
        for body in [
            r#"{"success":false,"error":{"errorName":"N","errorMessage":"M"}}"#,
            r#"{"success":false,"error":{"name":"N","message":"M"}}"#,
        ] {
            assert_eq!(read(body).unwrap(), expected);
        }
        assert_eq!(
            from_slice::<Failure>(&to_vec(&expected), RESPONSE).unwrap(),
            expected
        );
        assert_eq!(read(r#"{"error":{}}"#).unwrap(), Failure::default());
        for body in [
            r#"{"error":[]}"#,
            r#"{"error":"x"}"#,
            r#"{"error":null}"#,
            "{}",
        ] {
            assert!(read(body).is_err(), "{body}");
        }
    }
}
