//! What a user of this crate sees: against moto, against answers as AWS gives them, in processes of their own
//! with an environment of their own.
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
