//! The bench of LunaDefend: contenders that take turns, in processes of their own. See `docs/performance.md`.
#![expect(
    clippy::disallowed_methods,
    reason = "a bench takes times, and reads its environment"
)]

mod client;
mod figures;
mod groups;
mod job;
mod lineup;
mod options;
mod process;
mod programs;
mod report;
mod run;
mod server;
mod store;

pub use options::{GroupName, Options};
pub use programs::Programs;
pub use run::{Run, main, run};
