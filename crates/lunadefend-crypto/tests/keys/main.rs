//! Keys: what is read, what is refused and how, and what is made.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "clippy takes the helpers of tests for production code"
)]

mod fixtures;
mod formats;
#[cfg(feature = "keygen")]
mod generated;
mod robustness;
mod wrong_input;
