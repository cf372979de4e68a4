//! The client against scripted servers on loopback.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "clippy takes the helpers of tests for production code"
)]

mod answers;
mod api;
mod builder;
mod canary;
mod destroy;
mod discovery;
mod faults;
mod level_2;
mod lies;
mod many;
mod requests;
mod sessions;
mod shared;
mod stale;
mod streams;
mod support;
mod transfer;
mod values;
