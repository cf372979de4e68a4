//! `lunadefend keys`: the keys that seal the store, at a running `lunadefend serve`.

use crate::{
    admin::{Admin, print},
    words::date,
};
use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use lunadefend_core::wire::{
    Empty, RewrapDone, RewrapStep, WrappingKeyNumber, WrappingKeyState, WrappingKeys,
};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// After how many rows a walk says how far it is.
const TOLD_EACH: u64 = 10_000;
/// How long it may take to read a whole store.
const WHOLE_STORE: Duration = Duration::from_secs(60 * 60);

/// List, add, use and retire the keys that seal a store, at a running `lunadefend serve`.
///
/// A new wrapping key is added with `rotate`; `rewrap` seals older rows under it; then `retire` deletes the old one.
#[derive(Args)]
pub(crate) struct Keys {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    List(List),
    Rotate(Rotate),
    Rewrap(Rewrap),
    Retire(Retire),
}

/// Show the versions of the wrapping key.
#[derive(Args)]
struct List {
    /// Print one JSON object. Times are milliseconds since the Unix epoch.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    admin: Admin,
}

/// Add a wrapping key. All tokenizers of the store seal new rows under it after about three minutes.
///
/// With --master the key ring is sealed with LUNADEFEND_NEXT_MASTER_KEY in place of LUNADEFEND_MASTER_KEY. Every tokenizer
/// of the store must have been started with both. Afterwards make the next key the present one, at leisure.
#[derive(Args)]
struct Rotate {
    /// Change the master key in place of adding a wrapping key.
    #[arg(long)]
    master: bool,
    #[command(flatten)]
    admin: Admin,
}

/// Seal all rows again that are sealed under an earlier wrapping key. Values stay readable meanwhile.
///
/// Broken off, run it again: it passes over what is done.
#[derive(Args)]
struct Rewrap {
    /// How many rows it looks at in a second at most.
    #[arg(long, value_name = "N", default_value_t = 2000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    rows_per_second: u32,
    #[command(flatten)]
    admin: Admin,
}

/// Delete a version of the wrapping key that seals no row any more. It reads the whole store.
///
/// Backups from before still have the key, under the master key of their time.
#[derive(Args)]
struct Retire {
    /// The version, as in `lunadefend keys list`.
    version: u32,
    #[command(flatten)]
    admin: Admin,
}

impl Keys {
    pub(crate) async fn run(self) -> Result<()> {
        match self.command {
            Command::List(list) => list.run().await,
            Command::Rotate(rotate) => rotate.run().await,
            Command::Rewrap(rewrap) => rewrap.run().await,
            Command::Retire(retire) => retire.run().await,
        }
    }
}

impl List {
    async fn run(self) -> Result<()> {
        let found: WrappingKeys = self.admin.get("/keys").await?;
        if self.json {
            print(&(serde_json::to_string(&found)? + "\n"));
            return Ok(());
        }
        for key in &found.keys {
            print(&line(key));
        }
        Ok(())
    }
}

impl Rotate {
    async fn run(self) -> Result<()> {
        if self.master {
            let _: Empty = self.admin.post("/keys/master", &Empty {}).await?;
            print(
                "the key ring is sealed with the next master key: make it the present one (LUNADEFEND_MASTER_KEY, or <store>.key), unset LUNADEFEND_NEXT_MASTER_KEY, and keep the old key as long as backups need it\n",
            );
            return Ok(());
        }
        let added: WrappingKeyNumber = self.admin.post("/keys/add", &Empty {}).await?;
        print(&format!(
            "version {} was added: it seals new rows in about three minutes; then run lunadefend keys rewrap\n",
            added.version
        ));
        Ok(())
    }
}

impl Rewrap {
    async fn run(self) -> Result<()> {
        let (mut seen, mut sealed, mut told) = (0, 0, 0);
        let mut step = RewrapStep::default();
        let mut begun = Instant::now();
        loop {
            let done: RewrapDone = self
                .admin
                .post("/keys/rewrap", &step)
                .await
                .with_context(|| format!("{sealed} rows were sealed again: run this again"))?;
            seen += done.seen;
            sealed += done.sealed;
            if seen >= told + TOLD_EACH {
                told = seen;
                print(&format!("{seen} rows, {sealed} of them sealed again\n"));
            }
            if done.next.is_none() {
                break;
            }
            step.from = done.next;
            begun += Duration::from_secs(done.seen) / self.rows_per_second;
            sleep_until(begun).await;
        }
        print(&format!(
            "all {seen} rows were looked at, and {sealed} sealed again\n"
        ));
        Ok(())
    }
}

impl Retire {
    async fn run(self) -> Result<()> {
        let request = WrappingKeyNumber {
            version: self.version,
        };
        let _: Empty = self
            .admin
            .post_within(WHOLE_STORE, "/keys/retire", &request)
            .await?;
        print(&format!(
            "version {} is gone from the store. Backups from before still have it, and whoever has one of them with its master key reads what it holds\n",
            self.version
        ));
        Ok(())
    }
}

fn line(key: &WrappingKeyState) -> String {
    let WrappingKeyState {
        version,
        added_at,
        active_since,
        is_current,
    } = key;
    let state = match (is_current, active_since) {
        (true, _) => "seals new rows",
        (false, Some(_)) => "opens older rows",
        (false, None) if added_at.is_some() => "seals new rows soon",
        (false, None) => "opens older rows",
    };
    let time = |word: &str, at: &Option<u64>| {
        at.map_or_else(String::new, |at| format!(", {word} {}", date(at)))
    };
    format!(
        "{version}  {state}{}{}\n",
        time("added", added_at),
        time("active since", active_since)
    )
}
