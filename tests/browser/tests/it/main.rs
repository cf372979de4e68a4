//! What people and hostile pages do, in real browsers: one program, so that its few browsers serve every test.

#![expect(
    clippy::unwrap_used,
    reason = "the lint knows test functions, not the helpers of an integration test"
)]

mod accessibility;
mod attacks;
mod faults;
mod files;
mod forms;
mod journeys;
mod look;
mod react;
mod session;
mod showing;
mod states;
