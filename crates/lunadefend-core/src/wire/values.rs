//! Values in the requests and responses themselves: `/v2/tokenize`, `/v2/detokenize` and `/v2/tokens/describe`.

use super::{Metadata, ReadId, TokenIds, ValueKind, request::token_id, strict};
use crate::{
    GrantDuration,
    provider::{SecretValue, TokenId, UnixMillis},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use secrecy::zeroize::Zeroizing;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{collections::BTreeMap, fmt, num::NonZeroU32, time::Duration};

/// The longest value in a request or a response itself: 16 KiB.
pub const MAX_INLINE: usize = 16 * 1024;

/// A value in a JSON text, in base64 with padding (RFC 4648 section 4). `Debug` prints none of it.
///
/// Reading fails for more than [`MAX_INLINE`] bytes, and for every spelling but the canonical one.
#[derive(Clone)]
pub struct InlineValue(SecretValue);

impl InlineValue {
    /// What is said of everything else.
    pub(crate) const RULE: &str =
        "value is not base64 with padding of at most 16384 bytes (16 KiB): upload a longer one";

    /// Takes a value; `None` when it is longer than [`MAX_INLINE`].
    #[must_use]
    pub fn new(value: SecretValue) -> Option<Self> {
        (value.expose_secret().len() <= MAX_INLINE).then_some(Self(value))
    }

    /// Returns the bytes.
    #[must_use]
    pub fn expose_secret(&self) -> &[u8] {
        self.0.expose_secret()
    }

    /// Returns the value.
    #[must_use]
    pub fn into_value(self) -> SecretValue {
        self.0
    }
}

impl fmt::Debug for InlineValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InlineValue(..)")
    }
}

impl Serialize for InlineValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = Zeroizing::new(STANDARD.encode(self.expose_secret()));
        serializer.serialize_str(&text)
    }
}

impl<'de> Deserialize<'de> for InlineValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer).ok().map(Zeroizing::new);
        text.and_then(|text| STANDARD.decode(text.as_bytes()).ok())
            .and_then(|bytes| Self::new(SecretValue::new(bytes)))
            .ok_or_else(|| serde::de::Error::custom(Self::RULE))
    }
}

/// The time after which a value is refused: from a second to ten years.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ValueLifetime(GrantDuration);

impl ValueLifetime {
    /// The longest: ten years of 365 days.
    pub const MAX: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);
    /// What is said of everything else.
    pub(crate) const RULE: &str =
        "expiresIn is not a Go duration from 1s to 87600h (ten years), such as 720h";

    /// Converts a [`Duration`]; `None` outside of the limits.
    #[must_use]
    pub fn new(duration: Duration) -> Option<Self> {
        let duration = GrantDuration::new(duration).ok()?;
        (duration.get() <= Self::MAX).then_some(Self(duration))
    }

    /// Returns the [`Duration`].
    #[must_use]
    pub const fn get(self) -> Duration {
        self.0.get()
    }
}

impl Serialize for ValueLifetime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ValueLifetime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer).ok();
        text.and_then(|text| text.parse::<GrantDuration>().ok())
            .and_then(|duration| Self::new(duration.get()))
            .ok_or_else(|| serde::de::Error::custom(Self::RULE))
    }
}

/// How often a value may be read: from once to 100 times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reads(NonZeroU32);

impl Reads {
    /// Once.
    pub const ONCE: Self = Self(NonZeroU32::MIN);
    /// The maximum.
    pub const MAX: u32 = 100;
    /// What is said of everything else.
    pub(crate) const RULE: &str = "reads is not a number from 1 to 100";

    /// Makes a number of reads; `None` for 0 and above [`MAX`](Self::MAX).
    #[must_use]
    pub fn new(count: u32) -> Option<Self> {
        NonZeroU32::new(count)
            .filter(|count| count.get() <= Self::MAX)
            .map(Self)
    }

    /// Returns the number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0.get()
    }
}

impl Serialize for Reads {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.get())
    }
}

impl<'de> Deserialize<'de> for Reads {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let count = u32::deserialize(deserializer).ok();
        count
            .and_then(Self::new)
            .ok_or_else(|| serde::de::Error::custom(Self::RULE))
    }
}

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
        /// The expiry of the session's grant.
        expires_at: UnixMillis,
    },
    /// Where to download the value.
    Download {
        /// The token.
        token_id: TokenId,
        /// The place.
        download: SignedLocation,
        /// The expiry of the session's grant.
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
