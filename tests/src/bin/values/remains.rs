//! What a store has when nobody uses it.

use anyhow::Result;
use lunadefend_core::provider::Clock;
use lunadefend_jwt::SystemClock;
use lunadefend_testing::{TestClock, tokenizer::TestTimer};
use lunadefend_vault::Janitor;
use lunadefend_vault_redb::{MasterKeyFile, open_embedded};
use redb::{Database, ReadableDatabase, ReadableTableMetadata, TableHandle};
use std::{fs, path::Path, sync::Arc, time::Duration};

/// Long after everything has expired.
const LATER: Duration = Duration::from_secs(3 * 24 * 3600);

/// Counts the rows and parts of a store, before and after a sweep as if days had passed. The sweep is of a copy: in the
/// store itself its lease would keep the tokenizer from deleting until these days are over.
pub(crate) async fn count(store: &Path) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let copy = folder.path().join("copy.redb");
    for (from, to) in [
        (store, &*copy),
        (
            MasterKeyFile::for_store(store).path(),
            MasterKeyFile::for_store(&copy).path(),
        ),
    ] {
        fs::copy(from, to)?;
    }
    let store = &*copy;
    println!("found {}", counted(store)?);
    let clock = TestClock::new();
    clock.advance(SystemClock.now().duration_since(clock.now())? + LATER);
    let opened = open_embedded(store, None, Arc::new(clock.clone())).await?;
    let janitor = Janitor::new(opened.vault, Arc::new(TestTimer(clock)));
    // The first round only looks at the clock.
    janitor.round().await?;
    janitor.round().await?;
    drop(janitor);
    println!("left {}", counted(store)?);
    Ok(())
}

fn counted(store: &Path) -> Result<String> {
    let database = Database::open(store)?;
    let read = database.begin_read()?;
    let mut counts = Vec::new();
    for table in read.list_tables()? {
        let name = table.name().to_owned();
        let rows = read.open_untyped_table(table)?.len()?;
        if matches!(&*name, "rows" | "parts") {
            counts.push(format!("{name}={rows}"));
        }
    }
    Ok(counts.join(" "))
}
