#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod auth_plugin;
mod clock;
mod duration;
mod error;
mod future;
mod grants;
#[cfg(feature = "async-graphql")]
mod graphql;
mod patch;
mod response;
mod secret;
mod session;
mod sessions;
#[cfg(feature = "sqlx")]
mod sqlx;
pub mod storage;
mod token;
mod tokens;
mod trust;
mod unverified;
pub mod wire;

pub use auth_plugin::{AuthPlugin, JwksDocument, SessionTransfer, TransferState, TransferUrl};
pub use clock::Clock;
pub use duration::{DurationError, GrantDuration, parse_duration};
pub use error::{BoxError, Error, ErrorKind, fmt_with_causes};
pub use future::BoxFuture;
pub use grants::{GrantRequest, GrantService, Grants, Handles, Verdict};
pub use patch::Patch;
pub use response::{error_response, granted_response, is_encoded, is_json};
pub use secret::{SecretError, SecretProvider, SecretValue, SecretVersion, SecretVersions};
pub use session::{SessionId, resolve_session};
pub use sessions::{SessionService, Sessions};
pub use token::{GrantedToken, TokenId, UntrustedToken, VerifiedToken};
pub use tokens::{FromUntrusted, IntoGranted};
pub use trust::{Grant, GrantCollector, GrantProof, Verify, VerifyCollector, VerifyProof};
pub use unverified::Unverified;

#[doc(hidden)]
pub use tokens::private as __private;
