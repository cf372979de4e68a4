//! Every `@token` of an operation is enforced, in whatever shape it comes.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy does not count as tests"
)]

mod extensions;
mod federation;
mod inputs;
mod outputs;
mod recorded;
mod schema;
mod shapes;
mod subscriptions;
mod support;
mod typed;
