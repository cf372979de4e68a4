//! The crate from a user's view: against moto, against responses in AWS's form, and in separate processes
//! with their own environment.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "clippy takes the helpers of tests for production code"
)]

mod answers;
mod environment;
mod fake;
mod logs;
mod moto;
mod settings;
mod stages;
mod texts;
