//! `lunadefend store check`: every row and every part of a store or a backup.

use crate::stores::{Stores, is_shared, require_there};
use anyhow::Result;
use lunadefend_settings::Settings;
use lunadefend_vault::{BackupError, BackupFile, Checked, MasterKeys, check, store::Store};
use std::path::Path;

/// Checks what the name stands for, prints what it finds, and returns whether that was nothing.
pub(super) async fn run(name: &Path, stores: &Stores, settings: &Settings) -> Result<bool> {
    if is_shared(name) {
        let masters = stores.masters(name, settings).await?;
        let store = stores.store(name, settings).await?;
        return rows(&*store, &masters, 0).await;
    }
    require_there(name)?;
    match BackupFile::open(name) {
        Ok(backup) => {
            println!("all checksums of the backup are right");
            match stores.known_masters(name, settings).await? {
                Some(masters) => rows(&backup, &masters, 0).await,
                None => {
                    println!(
                        "its rows were not opened: set LUNADEFEND_MASTER_KEY, or put the key into {}.key",
                        name.display()
                    );
                    Ok(true)
                }
            }
        }
        Err(BackupError::NotABackup { .. }) => {
            let masters = stores.masters(name, settings).await?;
            let store = stores.embedded(name)?;
            let unindexed = store.count_unindexed()?;
            if unindexed > 0 {
                println!("{unindexed} rows expire and are not in the index: no janitor finds them");
            }
            rows(&store, &masters, unindexed).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn rows(store: &dyn Store, masters: &MasterKeys, before: u64) -> Result<bool> {
    let checked = check(store, masters, |finding| println!("{finding}")).await?;
    let Checked {
        rows,
        long_values,
        parts,
        left_over,
        findings,
        ..
    } = &checked;
    for (table, count) in rows {
        println!("{count} rows: {}", table.name());
    }
    println!("{long_values} long values in {parts} parts");
    if *left_over > 0 {
        println!("{left_over} remains of interrupted uploads, which a tokenizer deletes by itself");
    }
    let findings = findings + before;
    println!("{findings} findings");
    Ok(findings == 0)
}
