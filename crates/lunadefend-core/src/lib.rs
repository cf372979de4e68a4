#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "actix-web")]
mod actix_web;
mod auth_plugin;
#[cfg(feature = "axum-core")]
mod axum_core;
mod backend;
mod clock;
mod duration;
mod error;
mod error_kind;
mod future;
mod granter;
mod grants;
#[cfg(feature = "async-graphql")]
mod graphql;
mod patch;
mod reading;
mod response;
mod secret;
mod session;
mod sessions;
mod setting_error;
#[cfg(feature = "sqlx")]
mod sqlx;
pub mod storage;
mod token;
mod tokens;
mod trust;
mod unverified;
#[cfg(feature = "warp")]
mod warp;
pub mod wire;

#[cfg(feature = "actix-web")]
#[cfg_attr(docsrs, doc(cfg(feature = "actix-web")))]
pub use actix_web::into_actix;
pub use auth_plugin::{AuthPlugin, JwksDocument, SessionTransfer, TransferState, TransferUrl};
pub use backend::Backend;
pub use clock::{Clock, UnixMillis};
pub use duration::{DurationError, GrantDuration, parse_duration};
pub use error::{BoxError, Error, fmt_with_causes};
pub use error_kind::ErrorKind;
pub use future::BoxFuture;
pub use granter::{Granted, GrantedValue, Granter};
pub use grants::{GrantRequest, GrantService, Grants, Verdict};
pub use patch::Patch;
pub use response::{is_encoded, is_json, log_and_render, render_granted};
pub use secret::{SecretError, SecretProvider, SecretValue, SecretVersion, SecretVersions};
pub use session::{SessionId, resolve_session};
pub use sessions::{SessionService, Sessions};
pub use setting_error::SettingError;
pub use token::{GrantedToken, TokenId, UntrustedToken, VerifiedToken};
pub use tokens::{FromUntrusted, IntoGranted};
pub use trust::{Grant, GrantCollector, GrantProof, Verify, VerifyCollector, VerifyProof};
pub use unverified::Unverified;

#[doc(hidden)]
pub use tokens::private as __private;
