//! Values in the requests and responses themselves: `/v2/tokenize`, `/v2/detokenize` and `/v2/tokens/describe`.

use super::{
    InlineValue, Metadata, ReadId, Reads, TokenIds, ValueKind, ValueLifetime, request::token_id,
    strict,
};
use crate::provider::{TokenId, UnixMillis};
use serde::{Deserialize, Deserializer, Serialize};
use std::{collections::BTreeMap, fmt};

/// `POST /v2/tokenize`.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewValue {
    /// The value; without it the response has a URL to upload it to.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    #[cfg_attr(feature = "schema", schemars(with = "InlineValue"))]
    pub value: Option<InlineValue>,
    /// Metadata of the application.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
    /// What the value is.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    #[cfg_attr(feature = "schema", schemars(with = "ValueKind"))]
    pub kind: Option<ValueKind>,
    /// The time after which it is refused.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    #[cfg_attr(feature = "schema", schemars(with = "ValueLifetime"))]
    pub expires_in: Option<ValueLifetime>,
    /// How often it may be read.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    #[cfg_attr(feature = "schema", schemars(with = "Reads"))]
    pub reads: Option<Reads>,
}

/// A member that is there must say something: `null` is refused, since a limit must not be lost by it.
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// `data` of `/v2/tokenize`.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewValueToken {
    /// The token.
    #[serde(with = "token_id")]
    #[cfg_attr(feature = "schema", schemars(with = "TokenId"))]
    pub token_id: TokenId,
    /// Where to upload the value; only when it is not there yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload: Option<SignedLocation>,
}

/// A signed URL, hence a secret.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Serialize, Deserialize)]
pub struct SignedLocation {
    /// The URL.
    pub url: String,
    /// Headers to send along.
    pub headers: BTreeMap<String, String>,
}

impl fmt::Debug for NewValueToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewValueToken(..)")
    }
}

impl fmt::Debug for SignedLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignedLocation(..)")
    }
}

/// `POST /v2/detokenize`.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ValuesRead {
    /// The tokens.
    pub token_ids: TokenIds,
    /// Names this read, so that it counts once when it is repeated.
    pub read_id: ReadId,
}

/// `data` of `/v2/detokenize`: an item for each token of the request, in its order.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ValuesFound {
    /// The items.
    #[serde(deserialize_with = "strict::objects")]
    #[cfg_attr(feature = "schema", schemars(with = "Vec<ValueItem>"))]
    pub items: Vec<ValueItem>,
}

/// What the caller's session gets of one token.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "RawItem", into = "RawItem")]
pub enum ValueItem {
    /// The value.
    Inline {
        /// The token.
        token_id: TokenId,
        /// The value.
        value: InlineValue,
        /// The expiry of the session's grant, or that of the value when it is earlier.
        expires_at: UnixMillis,
    },
    /// Where to download the value.
    Download {
        /// The token.
        token_id: TokenId,
        /// The place.
        download: SignedLocation,
        /// The expiry of the session's grant, or that of the value when it is earlier.
        expires_at: UnixMillis,
    },
    /// Nothing: the session holds no live grant, or there is no such value, or it may not be read again.
    Refused {
        /// The token.
        token_id: TokenId,
    },
}

impl ValueItem {
    /// Returns the token.
    #[must_use]
    pub const fn token_id(&self) -> &TokenId {
        match self {
            Self::Inline { token_id, .. }
            | Self::Download { token_id, .. }
            | Self::Refused { token_id } => token_id,
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawItem {
    #[serde(with = "token_id")]
    token_id: TokenId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<InlineValue>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    download: Option<SignedLocation>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<u64>,
}

impl From<ValueItem> for RawItem {
    fn from(item: ValueItem) -> Self {
        let raw = |token_id| Self {
            token_id,
            value: None,
            download: None,
            expires_at: None,
        };
        match item {
            ValueItem::Inline {
                token_id,
                value,
                expires_at,
            } => Self {
                value: Some(value),
                expires_at: Some(expires_at.get()),
                ..raw(token_id)
            },
            ValueItem::Download {
                token_id,
                download,
                expires_at,
            } => Self {
                download: Some(download),
                expires_at: Some(expires_at.get()),
                ..raw(token_id)
            },
            ValueItem::Refused { token_id } => raw(token_id),
        }
    }
}

impl TryFrom<RawItem> for ValueItem {
    type Error = Contradiction;

    fn try_from(raw: RawItem) -> Result<Self, Contradiction> {
        let token_id = raw.token_id;
        let expires_at = raw.expires_at.map(UnixMillis::new);
        match (raw.value, raw.download, expires_at) {
            (Some(value), None, Some(expires_at)) => Ok(Self::Inline {
                token_id,
                value,
                expires_at,
            }),
            (None, Some(download), Some(expires_at)) => Ok(Self::Download {
                token_id,
                download,
                expires_at,
            }),
            (None, None, None) => Ok(Self::Refused { token_id }),
            _ => Err(Contradiction),
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("an item has neither a value, nor a place to download it from, nor a refusal")]
struct Contradiction;

/// `POST /v2/tokens/describe`.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TokensDescribe {
    /// The tokens.
    pub token_ids: TokenIds,
}

/// `data` of `/v2/tokens/describe`: an item for each token of the request, in its order.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TokensDescribed {
    /// The items.
    #[serde(deserialize_with = "strict::objects")]
    #[cfg_attr(feature = "schema", schemars(with = "Vec<DescribedItem>"))]
    pub items: Vec<DescribedItem>,
}

/// What may be said of one token.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DescribedItem {
    /// The token.
    #[serde(with = "token_id")]
    #[cfg_attr(feature = "schema", schemars(with = "TokenId"))]
    pub token_id: TokenId,
    /// `None` when the caller may not know, or there is no such token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Description>,
}

/// What a tokenizer says of a token without its value.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Description {
    /// What the value is, as the page that sent it claimed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<ValueKind>,
    /// The length of the value in bytes; `None` while there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// When the token was made, in milliseconds since the Unix epoch; `None` for one of an early version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<u64>,
    /// From when on the value is refused, in milliseconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<u64>,
    /// A part of the value to recognise it by, such as `Visa \u{2022}\u{2022}\u{2022}\u{2022} 1111`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mask: Option<String>,
}

impl fmt::Debug for DescribedItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DescribedItem(..)")
    }
}

/// Without the mask: a part of a secret.
impl fmt::Debug for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Description")
            .field("kind", &self.kind)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}
