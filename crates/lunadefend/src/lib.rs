#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod builder;
mod config_error;
mod configuration;
mod luna_defend;
mod secret_providers;

pub use builder::Builder;
pub use config_error::ConfigError;
pub use configuration::Configuration;
pub use luna_defend::LunaDefend;

pub use lunadefend_client::{
    KeyRole, KeyRotation, KeyService, PublishedKey, SessionIds, Tokenizer,
};
pub use lunadefend_core::{
    AuthPlugin, Backend, Clock, DurationError, Error, ErrorKind, FromUntrusted, Grant,
    GrantDuration, GrantRequest, GrantService, GrantedToken, Grants, IntoGranted, Patch,
    SecretError, SecretProvider, SecretValue, SecretVersion, SecretVersions, SessionId,
    SessionService, SessionTransfer, Sessions, TokenId, UntrustedToken, Unverified, Verdict,
    VerifiedToken, Verify, storage,
    wire::{Metadata, PageSession},
};
pub use lunadefend_jwt::WireLevel;
#[cfg(feature = "macros")]
#[cfg_attr(docsrs, doc(cfg(feature = "macros")))]
pub use lunadefend_macros::Tokens;

#[cfg(feature = "actix")]
#[cfg_attr(docsrs, doc(cfg(feature = "actix")))]
pub use lunadefend_actix as actix;
#[cfg(feature = "axum")]
#[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
pub use lunadefend_axum as axum;
#[cfg(feature = "graphql")]
#[cfg_attr(docsrs, doc(cfg(feature = "graphql")))]
pub use lunadefend_graphql as graphql;
#[cfg(feature = "warp")]
#[cfg_attr(docsrs, doc(cfg(feature = "warp")))]
pub use lunadefend_warp as warp;

/// Where keys come from: the environment, files, providers of your own, and chains of them.
pub mod secrets {
    pub use crate::secret_providers::secret_providers;
    pub use lunadefend_secrets::*;
    #[cfg(feature = "aws")]
    #[cfg_attr(docsrs, doc(cfg(feature = "aws")))]
    pub use lunadefend_secrets_aws::*;
}

#[doc(hidden)]
pub use lunadefend_core::__private;

/// What the documentation shows is compiled.
#[cfg(all(doctest, feature = "macros"))]
mod documentation {
    #[doc = include_str!("../../../docs/secrets.md")]
    struct Secrets;
}
