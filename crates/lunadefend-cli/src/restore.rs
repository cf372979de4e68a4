//! `lunadefend restore`: a store from a backup, in which nothing that was revoked since comes back.

use crate::{
    settings,
    store::told_on_the_way,
    stores::{Stores, is_shared},
    words::date,
};
use anyhow::{Result, ensure};
use clap::Args;
use lunadefend_jwt::SystemClock;
use lunadefend_settings::Side;
use lunadefend_vault::{BackupFile, Restored, restore};
use std::{fs, path::PathBuf};

/// Restore a backup into an empty store that no tokenizer uses.
///
/// Grants, sessions and URLs are dropped; states and JWTs of before are refused; values whose reads are counted count as
/// read; the tokens in the lists of deletions are deleted. Broken off, run it again.
///
/// The master key is that of the backup's time: LUNADEFEND_MASTER_KEY, or the file `<new store>.key`.
#[derive(Args)]
pub(crate) struct Restore {
    /// The file of `lunadefend backup`.
    backup: PathBuf,
    /// The store to write, which is empty: a new file, `postgres` or `aws`.
    #[arg(long, value_name = "STORE")]
    to: PathBuf,
    #[command(flatten)]
    deleted: Deleted,
    /// A TOML file with settings; the environment wins.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// What was deleted since the backup.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Deleted {
    /// The list of deletions that a tokenizer of the store has kept (LUNADEFEND_DELETIONS_FILE); give that of each.
    #[arg(long, value_name = "FILE")]
    deletions: Vec<PathBuf>,
    /// There is no list: every value that was deleted after the backup COMES BACK.
    #[arg(long)]
    without_deletions: bool,
}

impl Deleted {
    pub(crate) fn lists(&self) -> &[PathBuf] {
        if self.without_deletions {
            eprintln!(
                "WITHOUT a list of deletions: what was deleted after the backup comes back; delete it again"
            );
        }
        &self.deletions
    }
}

impl Restore {
    pub(crate) async fn run(self) -> Result<()> {
        let settings = settings::of_process(Side::Tokenizer, self.config.as_deref())?;
        let stores = Stores::read(&settings).await?;
        let backup = BackupFile::open(&self.backup)?;
        println!(
            "the backup of {} is whole",
            date(backup.manifest().made_at.get())
        );
        let masters = stores.masters(&self.to, &settings).await?;
        ensure!(
            is_shared(&self.to)
                || fs::canonicalize(&self.to).ok() != fs::canonicalize(&self.backup).ok(),
            "--to names the backup itself: name a new file"
        );
        let target = stores.store(&self.to, &settings).await?;
        let progress = told_on_the_way();
        let lists = self.deleted.lists();
        let done = restore(&backup, &*target, &masters, lists, &SystemClock, progress);
        let done = done.await?;
        println!(
            "{} rows and {} long values were restored, {} and {} were there",
            done.copied.rows, done.copied.values, done.copied.rows_there, done.copied.values_there
        );
        println!("{}", told(&done));
        Ok(())
    }
}

/// What was done to what could come back.
pub(crate) fn told(done: &Restored) -> String {
    format!(
        "{} grants, sessions and URLs were dropped; {} listed deletions were applied; {} values whose reads are counted \
         count as read; what was signed before {} is refused, and for a minute more\n\
         The store is complete: start the tokenizer",
        done.dropped,
        done.deletions,
        done.read,
        date(done.at.get())
    )
}
