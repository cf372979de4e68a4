//! The JSON that applications, browsers and tokenizers exchange.
//!
//! For authors of clients and tokenizers: an application has no use for it. Both sides share these
//! types, and both read them strictly ([`from_slice`]): from JSON objects only, without duplicate
//! members, trailing data or a byte order mark, and with bounds on size and depth. Members are
//! written in the order in which the original writes them.

use http::HeaderName;

mod metadata;
mod request;
mod response;
mod session;
mod strict;

pub use metadata::{Metadata, MetadataError};
pub use request::{GrantSet, GrantVerify, TokenRequest, Tokenize};
pub use response::{Detokenized, Empty, Failure, GrantVerified, MetadataFound, Success, Tokenized};
pub use session::{PAGE_SESSION, PageSession, SessionRevoke};
pub(crate) use strict::RULES;
pub use strict::{Limits, REQUEST, RESPONSE, StrictError, from_slice};

/// The header by which `/health` tells the tokenizer's own time, in milliseconds since the Unix epoch.
/// A proxy replaces `Date` by its own.
pub const TOKENIZER_TIME: HeaderName = HeaderName::from_static("lunadefend-time");

/// `errorName` of a refusal: the session of the cookie is not the one that the page was made for (401).
pub const SESSION_MISMATCH: &str = "sessionMismatch";
/// `errorName` of a refusal: the application has ended the session (400).
pub const SESSION_ENDED: &str = "sessionEnded";

/// Serialises a wire type. It cannot fail for the types of this module.
#[must_use]
pub fn to_vec<T: serde::Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}
