//! What the tests in real browsers share: an application with pages of the test's own, a real tokenizer, and a
//! browser that a driver steers.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    missing_debug_implementations,
    reason = "clippy takes the harness of tests for production code"
)]

mod application;
mod axe;
mod browser;
mod engine;
mod example;
mod journey;
mod pages;
mod pool;
mod process;
pub mod story;
mod tab;

pub use application::{Application, Recorded};
pub use engine::{Engine, ThirdPartyCookies};
pub use example::{Example, Start, run_example};
pub use journey::{Journey, run, run_same_site, run_with, settings};
pub use pages::{FORM, SCRIPT, SECRET, never_came, pages, photo, save};
pub use tab::Tab;
