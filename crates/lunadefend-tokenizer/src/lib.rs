#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod activity;
#[cfg(unix)]
mod admin;
mod advice;
mod assets;
mod auth;
mod body;
mod client_addr;
mod config;
mod config_error;
mod context;
mod cookies;
mod deletions;
mod destroy;
mod error;
mod headers;
mod jwks;
mod layered;
mod layers;
mod metrics;
#[cfg(feature = "openapi")]
mod openapi;
mod operation;
mod origin;
mod page_session;
mod query;
mod rates;
mod readiness;
mod response;
mod route;
mod router;
mod routes;
mod serve;
mod server;
mod session_hash;
mod size;
mod state;
mod status;
mod tls;
mod tokenizer;
mod trace;
mod trail;
mod trusted_proxies;

#[cfg(unix)]
pub use admin::{AdminSocket, AdminSocketError, serve_admin};
pub use client_addr::{AddrGroup, ClientAddr};
pub use config::{
    AuthProviders, GrantDurations, Limits, Origin, TokenizerConfig, TokenizerConfigBuilder,
    ValuePolicy,
};
pub use config_error::ConfigError;
pub use cookies::CookiePolicy;
pub use jwks::{JwksSource, VerificationKeys};
#[cfg(feature = "openapi")]
pub use openapi::openapi;
pub use serve::{serve, serve_metrics, serve_tls};
pub use status::{ConnectionsStatus, FetchedStatus, KeysStatus, Status, StoreStatus};
pub use tls::{Tls, TlsError};
pub use tokenizer::Tokenizer;
pub use trusted_proxies::TrustedProxies;
