//! What this process logs while it is the tokenizer of a walk.

use lunadefend_testing::logs::Log;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::{EnvFilter, util::SubscriberInitExt};

/// As much as anybody would have logged in production, and all that LunaDefend has to say.
pub(super) const LEVELS: &str = "info,lunadefend=trace";

/// Keeps what is logged on this thread, as long as the guard lives.
pub(super) fn keep() -> (Log, DefaultGuard) {
    let log = Log::default();
    let writer = log.clone();
    let guard = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(LEVELS))
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .set_default();
    (log, guard)
}
