//! JWTs and key sets: what is signed, what is accepted, what is refused.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "clippy takes the helpers of tests for production code"
)]

mod claims;
mod headers;
mod key_sets;
mod recorded;
mod redaction;
mod robustness;
mod signing;
mod support;
