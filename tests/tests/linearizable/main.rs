//! Histories of grants and one-time reads, recorded while eight clients use one token through three vaults, and judged
//! by a checker of linearizability. The line to PostgreSQL loses requests and answers; a store with a defect is caught.
#![cfg(unix)]
#![expect(
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy does not count as tests"
)]

mod clients;
mod defects;
mod history;
mod line;
mod processes;
mod specification;
