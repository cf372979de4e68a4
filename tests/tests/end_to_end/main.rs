//! The life of a token from end to end: SDK, application, tokenizer and browser, over real sockets.
#![expect(
    clippy::unwrap_used,
    reason = "clippy takes the helpers of tests for production code"
)]

mod application;
mod browser;
mod ends;
mod grants;
mod keys;
mod lives;
mod log_out;
mod page;
mod streams;
mod values;
mod wire;

use lunadefend::{Error, ErrorKind};

/// The kind of the error that it must be.
#[track_caller]
fn refused<T>(outcome: Result<T, Error>) -> ErrorKind {
    outcome.map(drop).unwrap_err().kind()
}
