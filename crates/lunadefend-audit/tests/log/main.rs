//! The log as a tokenizer writes it and an operator reads it: whole chains, damaged ones, files, failing disks.

#![expect(
    clippy::unwrap_used,
    reason = "the lint knows test functions, not the helpers of an integration test"
)]

mod faults;
mod files;
mod support;
mod tamper;
