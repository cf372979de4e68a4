#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod answer;
mod auth;
mod body;
mod config;
mod cookies;
mod cors;
mod headers;
mod jwks;
mod origin;
mod page_session;
mod query;
mod request;
mod routes;
mod server;
mod service;
mod session_hash;

pub use config::{
    AuthProviders, ConfigError, CookiePolicy, GrantDurations, Limits, Origin, ProvidersError,
    SessionKeys, TokenizerConfig, TokenizerConfigBuilder,
};
pub use jwks::JwksSource;
pub use server::serve;
pub use service::Tokenizer;
