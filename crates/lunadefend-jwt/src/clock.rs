//! The clock of the operating system.

use lunadefend_core::provider::Clock;
use std::time::SystemTime;

/// The clock of the operating system. No other code in LunaDefend's crates reads it.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the implementation that all others are told to use"
    )]
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}
