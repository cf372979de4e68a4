//! `lunadefend store`: what is done to a store beside serving it.

use crate::{postgres::Postgres, settings};
use anyhow::Result;
use clap::{Args, Subcommand};
use lunadefend_secrets::ProcessEnvironment;
use lunadefend_settings::Side;
use std::{path::PathBuf, sync::Arc};

/// Prepare a store.
#[derive(Args)]
pub(crate) struct Store {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Migrate(Migrate),
}

/// Make or upgrade the schema of the store on PostgreSQL, at LUNADEFEND_POSTGRES_URL.
///
/// Run it before each new version of the tokenizer. Several at once wait for each other; a schema that is up to date
/// stays as it is.
#[derive(Args)]
struct Migrate {
    /// A TOML file with settings; the environment wins.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Store {
    pub(crate) async fn run(self) -> Result<()> {
        let Command::Migrate(migrate) = self.command;
        let environment = Arc::new(ProcessEnvironment);
        let settings = settings::open(Side::Tokenizer, environment, migrate.config.as_deref())?;
        Postgres::migrate(Postgres::read(&settings).await?).await?;
        println!("the schema is up to date");
        Ok(())
    }
}
