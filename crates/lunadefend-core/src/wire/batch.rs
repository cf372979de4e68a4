//! Many grants in one request: `/v2/grants/set` and `/v2/grants/verify`.

use super::{BatchId, BatchOperation, Binding, Limits, REQUEST, strict};
use crate::{
    GrantDuration, SessionId,
    provider::{TokenId, UnixMillis},
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// For the bodies of batches: 1 MiB. So many items fit even when each character of a session id is escaped.
pub const BATCH: Limits = Limits {
    bytes: 1024 * 1024,
    depth: REQUEST.depth,
};

/// A request of `/v2/grants/set` or `/v2/grants/verify`. The answers are in the order of its items.
///
/// Reading fails unless it has 1 to [`MAX_ITEMS`](Self::MAX_ITEMS) items.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GrantBatch {
    /// Names this attempt.
    pub batch_id: BatchId,
    /// What is asked for.
    #[serde(deserialize_with = "items")]
    pub items: Vec<GrantItem>,
}

impl GrantBatch {
    /// The maximum number of items.
    pub const MAX_ITEMS: usize = 100;
}

/// What is said of a batch with fewer or more items.
pub(super) const RULE: &str = "a batch has 1 to 100 items";

fn items<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<GrantItem>, D::Error> {
    let items = strict::objects(deserializer)?;
    if (1..=GrantBatch::MAX_ITEMS).contains(&items.len()) {
        Ok(items)
    } else {
        Err(serde::de::Error::custom(RULE))
    }
}

/// One item of a [`GrantBatch`], as it was sent: an invalid one refuses only itself.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GrantItem {
    /// The session, as the tokenizer knows it.
    #[serde(with = "secret_text")]
    pub session_id: SecretString,
    /// The token.
    pub token_id: String,
    /// A Go duration; only for `/v2/grants/set`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<String>,
}

impl GrantItem {
    /// Makes an item. `session` is the session as the tokenizer knows it.
    #[must_use]
    pub fn new(session: &SessionId, token: &TokenId, duration: Option<GrantDuration>) -> Self {
        Self {
            session_id: session.expose_id().into(),
            token_id: token.expose_id().to_owned(),
            duration: duration.map(|duration| duration.to_string()),
        }
    }

    /// Returns the session and the token; `None` when either is invalid.
    #[must_use]
    pub fn ids(&self) -> Option<(SessionId, TokenId)> {
        let session = SessionId::new(self.session_id.expose_secret()).ok()?;
        Some((session, TokenId::parse(&self.token_id).ok()?))
    }
}

impl fmt::Debug for GrantItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GrantItem(..)")
    }
}

mod secret_text {
    use super::{Deserialize, Deserializer, ExposeSecret, SecretString, Serializer};

    pub(super) fn serialize<S: Serializer>(
        text: &SecretString,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(text.expose_secret())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<SecretString, D::Error> {
        String::deserialize(deserializer).map(SecretString::from)
    }
}

/// `data` of a batch's response: a `T` for each item of the request, in its order.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "T: Deserialize<'de>"))]
pub struct BatchAnswer<T> {
    /// The batch of the request.
    pub batch_id: BatchId,
    /// The answers.
    #[serde(deserialize_with = "strict::objects")]
    pub items: Vec<T>,
}

/// An answer about one item of a batch.
pub trait AnsweredItem {
    /// The operation of its batch.
    const OPERATION: BatchOperation;

    /// Returns what ties it to its question.
    fn binding(&self) -> Binding;

    /// Returns the expiry of the grant, which is the verdict: `None` is a no.
    fn expires_at(&self) -> Option<UnixMillis>;
}

/// The answer of `/v2/grants/verify` about one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawVerified", into = "RawVerified")]
pub struct VerifiedItem {
    /// What ties it to its question.
    pub binding: Binding,
    /// The expiry of the live grant; `None` when the session holds none.
    pub expires_at: Option<UnixMillis>,
}

impl AnsweredItem for VerifiedItem {
    const OPERATION: BatchOperation = BatchOperation::Verify;

    fn binding(&self) -> Binding {
        self.binding
    }

    fn expires_at(&self) -> Option<UnixMillis> {
        self.expires_at
    }
}

/// The answer of `/v2/grants/set` about one item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawGranted", into = "RawGranted")]
pub struct GrantedItem {
    /// What ties it to its question.
    pub binding: Binding,
    /// The requested expiry of the grant, or the `errorName` of the refusal. An earlier grant that lives longer
    /// stays.
    pub outcome: Result<UnixMillis, String>,
}

impl AnsweredItem for GrantedItem {
    const OPERATION: BatchOperation = BatchOperation::Set;

    fn binding(&self) -> Binding {
        self.binding
    }

    fn expires_at(&self) -> Option<UnixMillis> {
        self.outcome.as_ref().ok().copied()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawVerified {
    binding: Binding,
    valid: bool,
    expires_at: Option<u64>,
}

impl From<VerifiedItem> for RawVerified {
    fn from(item: VerifiedItem) -> Self {
        Self {
            binding: item.binding,
            valid: item.expires_at.is_some(),
            expires_at: item.expires_at.map(UnixMillis::get),
        }
    }
}

impl TryFrom<RawVerified> for VerifiedItem {
    type Error = Contradiction;

    fn try_from(raw: RawVerified) -> Result<Self, Contradiction> {
        Ok(Self {
            binding: raw.binding,
            expires_at: verdict(raw.valid, raw.expires_at)?,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawGranted {
    binding: Binding,
    granted: bool,
    expires_at: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error_name: Option<String>,
}

impl From<GrantedItem> for RawGranted {
    fn from(item: GrantedItem) -> Self {
        Self {
            binding: item.binding,
            granted: item.outcome.is_ok(),
            expires_at: item.expires_at().map(UnixMillis::get),
            error_name: item.outcome.err(),
        }
    }
}

impl TryFrom<RawGranted> for GrantedItem {
    type Error = Contradiction;

    fn try_from(raw: RawGranted) -> Result<Self, Contradiction> {
        let expires_at = verdict(raw.granted, raw.expires_at)?;
        Ok(Self {
            binding: raw.binding,
            outcome: expires_at.ok_or_else(|| raw.error_name.unwrap_or_default()),
        })
    }
}

/// A yes has an expiry, and a no has none: anything else says both.
fn verdict(yes: bool, expires_at: Option<u64>) -> Result<Option<UnixMillis>, Contradiction> {
    if yes == expires_at.is_some() {
        Ok(expires_at.map(UnixMillis::new))
    } else {
        Err(Contradiction)
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the verdict and the expiry of an item contradict each other")]
struct Contradiction;

#[cfg(test)]
mod tests;
