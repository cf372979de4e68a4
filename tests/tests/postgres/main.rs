//! The store on a real PostgreSQL, and tokenizers that share it.
#![cfg(unix)]
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy does not count as tests"
)]

mod conforms;
mod faults;
mod opens;
mod processes;
