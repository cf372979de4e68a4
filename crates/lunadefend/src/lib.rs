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
    Check, Client, Download, KeyRole, KeyRotation, KeyService, PublishedKey, SessionIds,
    StreamBody, TokenizeValue, TokenizerClient,
};
pub use lunadefend_core::{
    Backend, DurationError, Elements, Error, ErrorKind, FromUntrusted, GrantDuration, GrantedToken,
    Grants, IntoGranted, Patch, SessionId, Sessions, UntrustedToken, Unverified, VerifiedToken,
    provider, storage, trust,
    wire::{Description, Metadata, PageSession, ValueKind},
};
pub use lunadefend_jwt::JwtProfile;
#[cfg(feature = "macros")]
pub use lunadefend_macros::Tokens;

/// Where keys come from: the environment, files, providers of your own, and chains of them.
pub mod secrets {
    pub use crate::secret_providers::secret_providers;
    pub use lunadefend_secrets::{
        Environment, EnvironmentSecret, FileSecret, FixedEnvironment, InlineSecret,
        ProcessEnvironment, RefreshPolicy, SecretChain, SecretFn, SecretProviders, SecretSettings,
        StagedSecret,
    };
    #[cfg(feature = "aws")]
    pub use lunadefend_secrets_aws::{
        AwsSecret, AwsSecretBuilder, Credentials, ProvideCredentials, SdkConfig,
    };
}

#[doc(hidden)]
pub use lunadefend_core::__private;

#[cfg(all(doc, not(doctest)))]
pub mod guide;

/// What the documentation shows is compiled.
#[cfg(all(doctest, feature = "macros"))]
mod documentation {
    #[doc = include_str!("../docs/secrets.md")]
    struct Secrets;
}
