#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod auth;
mod body;
mod config;
mod cookies;
mod cors;
mod error;
mod headers;
mod jwks;
mod origin;
mod page_session;
mod query;
mod request;
mod response;
mod routes;
mod server;
mod service;
mod session_hash;
mod size;

pub use config::{
    AuthProviders, ConfigError, GrantDurations, Limits, Origin, TokenizerConfig,
    TokenizerConfigBuilder,
};
pub use cookies::CookiePolicy;
pub use jwks::{JwksSource, VerificationKeys};
pub use server::serve;
pub use service::Tokenizer;
