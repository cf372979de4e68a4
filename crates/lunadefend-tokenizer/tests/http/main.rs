//! The tokenizer over real HTTP: its own server on a free port, real clients.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "the lint knows test functions, not the helpers of an integration test"
)]

#[cfg(unix)]
mod admin;
mod assets;
mod audit;
mod auth;
mod batches;
mod blobs;
mod browser;
mod connections;
mod cookies;
mod cut;
mod destroy;
mod discovery;
mod ends;
mod grants;
mod harness;
mod http2;
mod jwks;
mod jwt;
mod limits;
mod metrics;
mod page;
mod probes;
mod quota;
mod rates;
mod react;
mod remembered;
mod restored;
mod session;
mod slow;
mod tls;
mod tokens;
mod transfer;
mod values;
