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
mod elements;
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
mod trace_parent;
pub mod trust;
mod unverified;
#[cfg(feature = "warp")]
mod warp;
pub mod wire;

pub use backend::Backend;
pub use duration::{DurationError, GrantDuration};
pub use elements::Elements;
pub use error::Error;
pub use error_kind::ErrorKind;
pub use granter::{Granted, GrantedValue, Granter};
pub use grants::Grants;
pub use patch::Patch;
pub use session::SessionId;
pub use sessions::Sessions;
pub use token::{GrantedToken, UntrustedToken, VerifiedToken};
pub use tokens::{FromUntrusted, IntoGranted};
pub use unverified::Unverified;

/// Building blocks for an adapter to a web framework; LunaDefend's own adapters are examples.
pub mod adapter {
    #[cfg(feature = "actix-web")]
    pub use crate::actix_web::into_actix;
    pub use crate::{
        auth_plugin::AuthPlugin,
        response::{is_encoded, is_json, log_and_render, render_granted},
        session::resolve_session,
    };
}

/// The traits that services implement, and the types in their signatures: grants, sessions, secrets, time.
pub mod provider {
    pub use crate::{
        auth_plugin::{JwksDocument, SessionTransfer, TransferState, TransferUrl},
        clock::{Clock, UnixMillis},
        duration::parse_duration,
        error::{BoxError, fmt_with_causes},
        future::BoxFuture,
        grants::{GrantRequest, GrantService, Verdict},
        secret::{SecretError, SecretProvider, SecretValue, SecretVersion, SecretVersions},
        sessions::SessionService,
        setting_error::SettingError,
        token::TokenId,
        trace_parent::TraceParent,
    };
}

#[doc(hidden)]
pub use tokens::private as __private;
