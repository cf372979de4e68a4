//! The status of a running tokenizer, for its operator.

use lunadefend_core::provider::UnixMillis;
use serde::{Deserialize, Serialize};

/// The status of a tokenizer: the response of `GET /status` on its admin socket.
///
/// # Security
/// It contains no session, token or key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Status {
    /// The version of the program.
    pub version: String,
    /// The time since its start, in seconds.
    pub uptime_seconds: u64,
    /// Whether the store works.
    pub store: StoreStatus,
    /// The keys that verify JWTs.
    pub keys: KeysStatus,
    /// Connections of clients; `None` under the server of another crate.
    pub connections: Option<ConnectionsStatus>,
    /// The number of running uploads.
    pub uploads: usize,
}

/// Whether the store works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum StoreStatus {
    /// It can be read and written, as far as the tokenizer knows.
    Ok,
    /// It works, but takes no new values: its disk is nearly full.
    NoRoom,
    /// It does not work. The log has the reason.
    Unavailable,
}

/// The keys that verify JWTs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    tag = "source"
)]
#[non_exhaustive]
pub enum KeysStatus {
    /// A configured key.
    Configured,
    /// A key set, fetched when it is needed.
    Jwks {
        /// The present set; `None` before the first JWT, and after the set was dropped.
        fetched: Option<FetchedStatus>,
    },
}

/// A fetched key set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct FetchedStatus {
    /// The time of the fetch, in milliseconds since the Unix epoch.
    pub at: u64,
    /// The time since the fetch, in seconds.
    pub age_seconds: u64,
    /// Whether the set may be used without a new fetch.
    pub fresh: bool,
}

impl FetchedStatus {
    pub(crate) fn new(at: UnixMillis, fresh_until: UnixMillis, now: UnixMillis) -> Self {
        Self {
            at: at.get(),
            age_seconds: now.since(at).as_secs(),
            fresh: now < fresh_until,
        }
    }
}

/// Connections of clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ConnectionsStatus {
    /// The number of connections.
    pub used: u32,
    /// The maximum of connections.
    pub maximum: u32,
}
