//! The log of the command.

use crate::settings;
use anyhow::Result;
use lunadefend_settings::{Side, table};
use std::io::IsTerminal;
use tracing_subscriber::filter::{EnvFilter, LevelFilter};

/// Logs to stderr by `RUST_LOG`, warnings and errors by default, in the format of `LUNADEFEND_LOG_FORMAT`.
///
/// # Errors
/// When there is no such format.
pub(crate) fn to_stderr() -> Result<()> {
    let is_json = match settings::of_process(Side::Tokenizer, None) {
        Ok(settings) => settings.choice(&table::LOG_FORMAT)? == Some("json"),
        // A variable is misspelled: the commands that read settings say so, and the others do not care.
        Err(_) => false,
    };
    let filter = EnvFilter::builder()
        .with_default_directive(LevelFilter::WARN.into())
        .from_env_lossy();
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        // They would be printed to the same place, and a panic where a full disk takes no line.
        .log_internal_errors(false);
    match is_json {
        true => log.json().init(),
        false => log.init(),
    }
    Ok(())
}
