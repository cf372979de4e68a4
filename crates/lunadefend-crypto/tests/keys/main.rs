//! Keys: the accepted, the refused and the generated ones.
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
