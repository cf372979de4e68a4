//! `lunadefend store`: what is done to a store beside serving it.

mod check;
mod progress;

use crate::{
    restore::{Deleted, told},
    settings,
    stores::{Stores, is_shared, require_there},
};
use anyhow::{Result, ensure};
use clap::{Args, Subcommand};
use lunadefend_jwt::SystemClock;
use lunadefend_settings::Side;
use lunadefend_vault::{restored, store::copy};
use std::path::PathBuf;

pub(crate) use progress::told_on_the_way;

/// Prepare, copy or check a store, or end its restore.
#[derive(Args)]
pub(crate) struct Store {
    #[command(subcommand)]
    command: Command,
    /// A TOML file with settings; the environment wins.
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// Make or upgrade the schema of the store on PostgreSQL, at LUNADEFEND_POSTGRES_URL.
    ///
    /// Run it before each new version of the tokenizer. Several at once wait for each other; a schema that is up to
    /// date stays as it is.
    Migrate,
    /// Make the table LUNADEFEND_AWS_TABLE of DynamoDB and the bucket LUNADEFEND_AWS_BUCKET of S3.
    ///
    /// What is there already stays as it is, and is checked.
    Create,
    /// Copy a store that no tokenizer uses into an empty one, and compare every row and value.
    ///
    /// A copy that was broken off is run again and goes on. The master key stays the same: give it to the tokenizers on
    /// the new store. Of a file it lies in `<file>.key`, unless LUNADEFEND_MASTER_KEY is set.
    Copy {
        /// The store to read: a file, `postgres` or `aws`.
        #[arg(long, value_name = "STORE")]
        from: PathBuf,
        /// The store to write, which is empty: a new file, `postgres` or `aws`.
        #[arg(long, value_name = "STORE")]
        to: PathBuf,
    },
    /// Look at every row and every part of a store that no tokenizer uses, or of a backup.
    ///
    /// It needs the master key: LUNADEFEND_MASTER_KEY, or `<file>.key`. Of a backup without a key it compares the
    /// checksums only.
    Check {
        /// The store: a file, `postgres` or `aws`; or the file of a backup.
        store: PathBuf,
    },
    /// Give the room that deleted values have left in the file of a store back to the disk.
    ///
    /// No tokenizer may use it meanwhile.
    Compact {
        /// The file.
        store: PathBuf,
    },
    /// Let nothing that was revoked come back with a store that was restored by the means of its database.
    ///
    /// No tokenizer may use it meanwhile. As `lunadefend restore` does: grants, sessions and URLs are dropped; states and
    /// JWTs of before are refused; values whose reads are counted count as read; the listed tokens are deleted. Broken
    /// off, run it again: until then no tokenizer opens the store.
    Restored {
        /// The store: `postgres`, `aws`, or a file.
        store: PathBuf,
        #[command(flatten)]
        deleted: Deleted,
    },
}

impl Store {
    /// Returns whether all is well.
    pub(crate) async fn run(self) -> Result<bool> {
        let settings = settings::of_process(Side::Tokenizer, self.config.as_deref())?;
        let stores = Stores::read(&settings).await?;
        match self.command {
            Command::Migrate => {
                stores.migrate(&settings).await?;
                println!("the schema is up to date");
            }
            Command::Create => {
                stores.create(&settings).await?;
                println!("the table and the bucket are as they must be");
            }
            Command::Check { store } => return check::run(&store, &stores, &settings).await,
            Command::Compact { store } => {
                ensure!(
                    !is_shared(&store),
                    "only the file of an embedded store is compacted: PostgreSQL does it by itself (autovacuum), AWS too"
                );
                let size = || std::fs::metadata(&store).map(|file| file.len());
                let before = size()?;
                stores.compact(&store)?;
                println!("{} bytes, {before} before", size()?);
            }
            Command::Restored { store, deleted } => {
                require_there(&store)?;
                let masters = stores.masters(&store, &settings).await?;
                let target = stores.store(&store, &settings).await?;
                let done = restored(&*target, &masters, deleted.lists(), &SystemClock).await?;
                println!("{}", told(&done));
            }
            Command::Copy { from, to } => {
                ensure!(from != to, "--from and --to name the same store");
                ensure!(
                    is_shared(&from) || from.is_file(),
                    "--from names no store: {} is no file, nor `postgres` or `aws`",
                    from.display()
                );
                let source = stores.store(&from, &settings).await?;
                let target = stores.store(&to, &settings).await?;
                let done = copy(&*source, &*target, told_on_the_way()).await?;
                println!(
                    "the copy is complete and equal: {} rows and {} long values were copied, {} and {} were there",
                    done.rows, done.values, done.rows_there, done.values_there
                );
            }
        }
        Ok(true)
    }
}
