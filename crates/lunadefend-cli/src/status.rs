//! `lunadefend status`: the status of a running tokenizer, from its admin socket.

use crate::admin::{Admin, print};
use anyhow::Result;
use clap::Args;
use lunadefend_tokenizer::{self as tokenizer, StoreStatus};
use std::process::ExitCode;

mod report;

/// Show the status of a running `lunadefend serve`: its store, its key set, its connections.
///
/// The tokenizer must run with LUNADEFEND_ADMIN_SOCKET. Only the user that runs it, and root, may connect.
/// Not available on Windows.
#[derive(Args)]
#[command(after_help = HELP)]
pub(crate) struct Status {
    #[command(flatten)]
    admin: Admin,
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
        let status: tokenizer::Status = self.admin.get("/status").await?;
        let text = if self.json {
            serde_json::to_string(&status)? + "\n"
        } else {
            report::of(&status)
        };
        print(&text);
        Ok(match status.store {
            StoreStatus::Ok => ExitCode::SUCCESS,
            _ => ExitCode::FAILURE,
        })
    }
}
