//! `lunadefend backup`: the store of a running `lunadefend serve`, as it is now, in one file.

use crate::admin::{Admin, print};
use anyhow::{Context, Result, bail};
use clap::Args;
use lunadefend_vault::{BackupFile, Manifest};
use std::{
    fs::File,
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};
use tempfile::PersistError;

/// Back up the store of a running `lunadefend serve`, sealed as it is, into a new file.
///
/// The master key is NOT in it: keep the key, too, and in another place. PostgreSQL and AWS have backups of their own.
/// `lunadefend restore` reads the file.
#[derive(Args)]
pub(crate) struct Backup {
    /// The file to make. It is never overwritten, and is there only once it is whole.
    file: PathBuf,
    #[command(flatten)]
    admin: Admin,
}

impl Backup {
    pub(crate) async fn run(self) -> Result<()> {
        let Self { file, admin } = self;
        if file.symlink_metadata().is_ok() {
            bail!("{} is there already: name another file", file.display());
        }
        let folder = match file.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        // Others cannot read it, and it goes when this fails.
        let mut written = tempfile::Builder::new()
            .prefix(".lunadefend-backup-")
            .suffix(".unfinished")
            .tempfile_in(folder)
            .with_context(|| format!("cannot write into {}", folder.display()))?;
        let writing = || format!("cannot write {}: no backup was made", file.display());
        let write = |bytes: &[u8]| written.write_all(bytes).with_context(writing);
        admin.stream("/backup", write).await?;
        written.as_file().sync_all().with_context(writing)?;
        // What is on the disk, and not what was sent.
        let manifest = BackupFile::open(written.path())
            .context("the backup did not arrive whole: none was made")?
            .manifest()
            .clone();
        written
            .persist_noclobber(&file)
            .map_err(|PersistError { error, .. }| match error.kind() {
                ErrorKind::AlreadyExists => {
                    anyhow::anyhow!("{} is there already: name another file", file.display())
                }
                _ => anyhow::Error::new(error).context(writing()),
            })?;
        sync_folder(folder).with_context(writing)?;
        print(&told(&file, &manifest));
        Ok(())
    }
}

fn told(file: &Path, manifest: &Manifest) -> String {
    let rows: u64 = manifest.rows.values().sum();
    let keys = manifest.wrapping_keys.iter().map(u32::to_string);
    format!(
        "{} has {rows} rows and {} parts of long values of store {}, with the versions {} of the wrapping key\n\
         The MASTER KEY IS NOT IN IT. Without the master key of today nobody reads this backup: keep a copy of the key \
         (LUNADEFEND_MASTER_KEY, or <store>.key), apart from this file\n",
        file.display(),
        manifest.parts,
        manifest.store,
        keys.collect::<Vec<_>>().join(", ")
    )
}

/// Makes the name of the new file as durable as its content.
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    match cfg!(unix) {
        true => File::open(folder)?.sync_all(),
        false => Ok(()),
    }
}
