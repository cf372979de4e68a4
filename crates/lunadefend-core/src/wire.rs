//! The JSON that applications, browsers and tokenizers exchange.
//!
//! For authors of clients and tokenizers; applications do not need it. Both sides share these types and read
//! them strictly ([`from_slice`]). They accept only JSON objects, without duplicate members, trailing data or
//! a byte order mark, and with bounds on size and depth. Members are written in LunaSec's order.

use http::HeaderName;

mod batch;
mod binding;
mod destroy;
mod discovery;
mod keys;
mod kind;
mod metadata;
mod random_id;
mod request;
mod response;
#[cfg(feature = "schema")]
mod schema;
mod session;
mod strict;
mod value;
mod values;

pub use batch::{
    AnsweredItem, BATCH, BatchAnswer, GrantBatch, GrantItem, GrantedItem, VerifiedItem,
};
pub use binding::{BatchOperation, BatchPlace, Binding};
pub use destroy::{Destroys, GrantsRevoke, TokenIds, TokensDelete};
pub use discovery::{BATCHES, DISCOVERY_PATH, Discovery, VALUES};
pub use keys::{RewrapDone, RewrapStep, WrappingKeyNumber, WrappingKeyState, WrappingKeys};
pub use kind::ValueKind;
pub use metadata::{Metadata, MetadataError};
pub use random_id::{BatchId, IdempotencyKey, ReadId};
pub use request::{GrantSet, GrantVerify, MetadataSet, TokenRequest, Tokenize};
pub use response::{Detokenized, Empty, Failure, GrantVerified, MetadataFound, Success, Tokenized};
pub use session::{PAGE_SESSION, PageSession, SessionRevoke};
pub(crate) use strict::RULES;
pub use strict::{Limits, REQUEST, RESPONSE, StrictError, from_slice};
pub use value::{InlineValue, MAX_INLINE, Reads, ValueLifetime};
pub use values::{
    DescribedItem, Description, NewValue, NewValueToken, SignedLocation, TokensDescribe,
    TokensDescribed, ValueItem, ValuesFound, ValuesRead,
};

/// The header in which `/health` returns the tokenizer's time, in milliseconds since the Unix epoch. A proxy
/// may replace `Date`.
pub const TOKENIZER_TIME: HeaderName = HeaderName::from_static("lunadefend-time");

/// The header in which `/health` returns the number of the tokenizer's auth providers. Applications behind one
/// tokenizer must trust each other.
pub const TOKENIZER_PROVIDERS: HeaderName = HeaderName::from_static("lunadefend-auth-providers");

/// `errorName` of an error response: the cookie's session is not the one that the page was rendered for
/// (401).
pub const SESSION_MISMATCH: &str = "sessionMismatch";
/// `errorName` of an error response (400), and of a refused item of `/v2/grants/set`: the application has ended
/// the session.
pub const SESSION_ENDED: &str = "sessionEnded";
/// `errorName` of a refused item of `/v2/grants/set`: its duration is malformed, too short or too long.
pub const GRANT_DURATION: &str = "grantDuration";
/// `errorName` of a refused item of `/v2/grants/set`: its session id or its token is malformed.
pub const BAD_ITEM: &str = "badItem";

/// `errorName` of an error response: an `Idempotency-Key` came again with another body (422).
pub const IDEMPOTENCY_MISMATCH: &str = "idempotencyMismatch";
/// `errorName` of an error response: the token of an `Idempotency-Key` is gone (410).
pub const TOKEN_GONE: &str = "tokenGone";

/// Serialises a wire type. It cannot fail for the types of this module.
#[must_use]
pub fn to_vec<T: serde::Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}
