//! The JSON that applications, browsers and tokenizers exchange.
//!
//! For authors of clients and tokenizers: an application has no use for it. Both sides share these
//! types, and both read them strictly ([`from_slice`]): from JSON objects only, without duplicate
//! members, trailing data or a byte order mark, and with bounds on size and depth. Members are
//! written in the order in which the original writes them.

mod answer;
mod metadata;
mod request;
mod strict;

pub use answer::{Answer, Detokenized, Empty, Failure, GrantVerified, MetadataFound, Tokenized};
pub use metadata::{Metadata, MetadataError};
pub use request::{GrantSet, GrantVerify, TokenRequest, Tokenize};
pub use strict::{ANSWER, Limits, REQUEST, StrictError, from_slice};

/// Serialises a wire type. It cannot fail for the types of this module.
#[must_use]
pub fn to_vec<T: serde::Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}
