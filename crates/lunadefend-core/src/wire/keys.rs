//! What an operator asks of the keys of a store, over the admin socket.

use super::strict;
use serde::{Deserialize, Serialize};

/// `data` of `GET /keys`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct WrappingKeys {
    /// The versions of the wrapping key, the oldest first.
    #[serde(deserialize_with = "strict::objects")]
    #[cfg_attr(feature = "schema", schemars(with = "Vec<WrappingKeyState>"))]
    pub keys: Vec<WrappingKeyState>,
}

/// A version of the wrapping key, which seals rows. Times are milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct WrappingKeyState {
    /// Counts from 1.
    pub version: u32,
    /// When it was made; missing where an earlier version of the tokenizer made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub added_at: Option<u64>,
    /// Since when it seals rows; missing before, and where an earlier version of the tokenizer made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active_since: Option<u64>,
    /// Whether it seals new rows.
    pub is_current: bool,
}

/// `data` of `POST /keys/add`, and the body of `POST /keys/retire`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct WrappingKeyNumber {
    /// The version of a wrapping key.
    pub version: u32,
}

/// The body of `POST /keys/rewrap`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RewrapStep {
    /// `next` of the step before; missing in the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
}

/// `data` of `POST /keys/rewrap`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RewrapDone {
    /// The rows that the step looked at.
    pub seen: u64,
    /// The rows that it sealed again.
    pub sealed: u64,
    /// Where the next step begins; missing after the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}
