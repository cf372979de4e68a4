//! `lunadefend session`: the end of a session.

use crate::{
    admin::{Admin, print},
    words,
};
use anyhow::{Context, Result, ensure};
use clap::{Args, Subcommand, ValueEnum};
use lunadefend::{SessionId, SessionIds};
use lunadefend_core::wire::{Empty, SessionRevoke};
use std::io;

/// End sessions, at a running `lunadefend serve`.
#[derive(Args)]
pub(crate) struct Session {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Revoke(Revoke),
}

/// End a session of the application for good: its grants, its JWTs, and the browser's session at the tokenizer.
///
/// The application's own session goes on; it gets a new id at its next log-in. An id that nobody has is no error.
#[derive(Args)]
struct Revoke {
    /// The session id that the application has, or - for the line of stdin.
    #[arg(value_name = "ID")]
    id: String,
    /// How the application names its sessions to the tokenizer (LUNADEFEND_SESSION_IDS). `raw` also for an id
    /// that it has from elsewhere as the tokenizer knows it.
    #[arg(long, value_enum, default_value = "hashed")]
    ids: Ids,
    #[command(flatten)]
    admin: Admin,
}

#[derive(Clone, Copy, ValueEnum)]
enum Ids {
    Hashed,
    Raw,
}

impl Session {
    pub(crate) async fn run(self) -> Result<()> {
        let Command::Revoke(revoke) = self.command;
        let mut given = words::all(&[revoke.id], io::stdin().lock())?;
        let id = given.pop().context("no session is named")?;
        ensure!(
            given.is_empty(),
            "stdin must have one line: one session at a time"
        );
        let ids = match revoke.ids {
            Ids::Hashed => SessionIds::Hashed,
            Ids::Raw => SessionIds::Raw,
        };
        let session_id = ids.on_the_wire(&SessionId::new(id)?)?;
        let request = SessionRevoke { session_id };
        let _: Empty = revoke.admin.post("/sessions/revoke", &request).await?;
        print("the session has ended\n");
        Ok(())
    }
}
