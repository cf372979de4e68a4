//! `lunadefend status`: the status of a running tokenizer, from its admin socket.

use crate::settings::{admin_socket, open};
use anyhow::{Context, Result};
use clap::Args;
use lunadefend_secrets::ProcessEnvironment;
use lunadefend_settings::Side;
use std::{path::PathBuf, process::ExitCode, sync::Arc};

#[cfg(unix)]
mod ask;
#[cfg(unix)]
mod report;

/// Show the status of a running `lunadefend serve`: its store, its key set, its connections.
///
/// The tokenizer must run with LUNADEFEND_ADMIN_SOCKET. Only the user that runs it, and root, may connect.
/// Not available on Windows.
#[derive(Args)]
#[command(after_help = HELP)]
pub(crate) struct Status {
    /// The admin socket of the tokenizer; LUNADEFEND_ADMIN_SOCKET by default.
    #[arg(long, value_name = "PATH")]
    socket: Option<PathBuf>,
    /// Print one JSON object instead of text. Times are milliseconds since the Unix epoch.
    #[arg(long)]
    json: bool,
}

const HELP: &str = "\
Exit codes:
  0  the tokenizer runs, and its store takes new values
  1  the tokenizer runs, and its store takes no new values or does not work
  3  no tokenizer answers, or the answer cannot be read";

/// The exit code when no tokenizer responds.
pub(crate) const NO_ANSWER: u8 = 3;

impl Status {
    /// Runs the command; returns the exit code.
    pub(crate) async fn run(self) -> Result<ExitCode> {
        let socket = match self.socket {
            Some(path) => path,
            None => admin_socket(&open(Side::Tokenizer, Arc::new(ProcessEnvironment), None)?)?
                .context("no admin socket is named: give --socket, or set LUNADEFEND_ADMIN_SOCKET as `lunadefend serve` has it")?,
        };
        show(&socket, self.json).await
    }
}

#[cfg(unix)]
async fn show(socket: &std::path::Path, json: bool) -> Result<ExitCode> {
    let status = ask::status(socket).await?;
    let text = if json {
        serde_json::to_string(&status)? + "\n"
    } else {
        report::of(&status)
    };
    // A closed pipe, as by `head`, is no failure.
    let _ = std::io::Write::write_all(&mut std::io::stdout(), text.as_bytes());
    Ok(match status.store {
        lunadefend_tokenizer::StoreStatus::Ok => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}

#[cfg(not(unix))]
async fn show(_: &std::path::Path, _: bool) -> Result<ExitCode> {
    anyhow::bail!("there is no admin socket on this system: it is a Unix socket")
}
