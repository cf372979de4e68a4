//! What an operator is told about a running tokenizer.

use lunadefend_core::provider::UnixMillis;
use serde::{Deserialize, Serialize};

/// How a tokenizer is: the response of `GET /status` on its admin socket.
///
/// # Security
/// It names no session, token or key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Status {
    /// The version of the program.
    pub version: String,
    /// For how many seconds it has been running.
    pub uptime_seconds: u64,
    /// Whether the store works.
    pub store: StoreStatus,
    /// What JWTs are verified with.
    pub keys: KeysStatus,
    /// Connections of clients; `None` when the server is not that of this crate.
    pub connections: Option<ConnectionsStatus>,
    /// Uploads that are running.
    pub uploads: usize,
}

/// Whether the store works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum StoreStatus {
    /// It can be read and written, as far as is known.
    Ok,
    /// It works, and takes no new values: its disk is nearly full.
    NoRoom,
    /// It cannot be used. The log says why.
    Unavailable,
}

/// What JWTs are verified with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    tag = "source"
)]
#[non_exhaustive]
pub enum KeysStatus {
    /// A key that is configured.
    Configured,
    /// A key set that is fetched when it is needed.
    Jwks {
        /// The set at hand; `None` before the first JWT, and after the set was dropped.
        fetched: Option<FetchedStatus>,
    },
}

/// A key set that was fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct FetchedStatus {
    /// When it was fetched, in milliseconds since the Unix epoch.
    pub at: u64,
    /// How many seconds ago that was.
    pub age_seconds: u64,
    /// Whether it may be used without a new fetch.
    pub fresh: bool,
}

impl FetchedStatus {
    pub(crate) const fn new(at: UnixMillis, fresh_until: UnixMillis, now: UnixMillis) -> Self {
        Self {
            at: at.get(),
            age_seconds: now.since(at).as_secs(),
            fresh: now.get() < fresh_until.get(),
        }
    }
}

/// Connections of clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ConnectionsStatus {
    /// How many there are.
    pub used: u32,
    /// How many there may be.
    pub maximum: u32,
}
