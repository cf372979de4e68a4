#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod activity;
mod auth;
mod body;
mod config;
mod context;
mod cookies;
mod error;
mod headers;
mod jwks;
mod layers;
mod origin;
mod page_session;
mod query;
mod response;
mod route;
mod router;
mod routes;
mod serve;
mod server;
mod session_hash;
mod size;
mod state;
mod tokenizer;

pub use config::{
    AuthProviders, ConfigError, GrantDurations, Limits, Origin, TokenizerConfig,
    TokenizerConfigBuilder,
};
pub use cookies::CookiePolicy;
pub use jwks::{JwksSource, VerificationKeys};
pub use serve::serve;
pub use tokenizer::Tokenizer;
