//! What a tokenizer does for its operator while it serves.

use super::{BEGIN, Upkeep};
use anyhow::{Context, Result, ensure};
use lunadefend_vault::{Janitor, RewrapCursor, SystemTimer, Vault};
use std::{
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::{
        mpsc::UnboundedReceiver,
        watch::{self, Sender},
    },
    time::interval,
};

/// Does what each line begins, until the line `end`; then it says how many steps that were.
pub(super) async fn run(
    vault: Vault,
    folder: PathBuf,
    mut lines: UnboundedReceiver<String>,
    say: fn(&str),
) -> Result<()> {
    let janitor = Janitor::new(vault.clone(), Arc::new(SystemTimer::default()));
    // It deletes nothing in its first round, which has no earlier one to compare clocks with.
    janitor.round().await?;
    let mut rewrapped = None;
    while let Some(line) = lines.recv().await {
        let upkeep = line.strip_prefix(BEGIN).context("no upkeep")?;
        let upkeep: Upkeep = serde_json::from_str(upkeep)?;
        let (steps, mut taken) = watch::channel(0);
        say("began");
        let work = async {
            match upkeep {
                Upkeep::Sweep => sweep(&janitor, &steps).await,
                Upkeep::Backup => back_up(&vault, &folder, &steps).await,
                Upkeep::Rewrap => rewrap(&vault, &mut rewrapped, &steps).await,
            }
        };
        // However short a turn is: something is done in it.
        let end = async {
            let line = lines.recv().await;
            ensure!(line.as_deref() == Some("end"), "expected `end`");
            Ok(*taken.wait_for(|steps| *steps > 0).await?)
        };
        let steps = tokio::select! {
            failed = work => failed.and(Ok(0)),
            steps = end => steps,
        };
        say(&format!("ended {}", steps?));
    }
    Ok(())
}

async fn sweep(janitor: &Janitor, steps: &Sender<u64>) -> Result<()> {
    loop {
        steps.send_modify(|steps| *steps += 1);
        janitor.round().await?;
        // Without expired rows a round may wait for nothing.
        tokio::task::yield_now().await;
    }
}

async fn back_up(vault: &Vault, folder: &Path, steps: &Sender<u64>) -> Result<()> {
    loop {
        let backup = vault.backup().await?;
        let mut backup = backup.context("the store has no backups")?;
        let mut file = File::create(folder.join("backup"))?;
        while let Some(block) = backup.next_block().await? {
            file.write_all(&block)?;
            steps.send_modify(|steps| *steps += 1);
            tokio::task::yield_now().await;
        }
    }
}

async fn rewrap(vault: &Vault, at: &mut Option<RewrapCursor>, steps: &Sender<u64>) -> Result<()> {
    /// `lunadefend keys rewrap` looks at 2000 rows in a second, 100 in each step.
    const EACH: Duration = Duration::from_millis(50);
    let mut time = interval(EACH);
    loop {
        time.tick().await;
        let done = vault.rewrap(*at).await?;
        *at = done.next;
        steps.send_modify(|steps| *steps += done.sealed);
    }
}
