//! A store of many tokens, for `cargo xtask soak`: whether a copy of it has all of them, and whether they are there while
//! something is done to it.
//!
//! - `fill --store PATH --tokens N`: `filled N`: a store in a file with so many tokens, each with a value and a grant.
//!   Every thousandth value is a long one. Beside it lie its key, and the tokens in `PATH.tokens`.
//! - `check --store PATH --copy URL`: `checked N`: the copy on PostgreSQL opens under the same key, and each token has its
//!   value there.
//! - `restored --store PATH --of ORIGINAL --stored N`: `checked N`: a store that was restored from a backup of the
//!   original has each token of it, and the first N of `ORIGINAL.stored`, but none of `ORIGINAL.deleted`.
//! - `work --store PATH`: `ready`, and after the line `end` it says `worked read=N stored=N verified=N failed=N`: what an
//!   application did meanwhile at the tokenizer that has the store open. What failed is said on the standard error, too.
//!   Each token that was acknowledged is a line of `PATH.stored`, with its value.
#![expect(
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "that is how it talks to what started it"
)]

mod restored;
mod work;

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use clap::{Parser, Subcommand};
use futures_util::{StreamExt, TryStreamExt, stream};
use lunadefend::SessionId;
use lunadefend_core::{
    provider::{Clock, SecretValue, TokenId, UnixMillis},
    wire::{InlineValue, ReadId},
};
use lunadefend_jwt::SystemClock;
use lunadefend_vault::{Found, Owner, Tokenization, Tokenized, Vault};
use lunadefend_vault_postgres::{PostgresOptions, PostgresStore};
use lunadefend_vault_redb::{master_key_for, open_embedded};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How many values are stored at once: they share commits.
const AT_ONCE: usize = 64;
/// One of so many values is longer than a row holds.
const LONG_EACH: usize = 1000;
const LONG: usize = 200 * 1024;

/// Fill a store, check a copy of it, and use it. Started by `cargo xtask soak`.
#[derive(Parser)]
#[command(name = "tokens")]
struct Cli {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    Fill {
        #[arg(long)]
        store: PathBuf,
        #[arg(long)]
        tokens: usize,
    },
    Check {
        #[arg(long)]
        store: PathBuf,
        #[arg(long)]
        copy: String,
    },
    Restored {
        #[arg(long)]
        store: PathBuf,
        #[arg(long)]
        of: PathBuf,
        #[arg(long)]
        stored: usize,
    },
    Work {
        #[arg(long)]
        store: PathBuf,
    },
}

#[tokio::main]
async fn main() -> Result<()> {
    match Cli::parse().what {
        What::Fill { store, tokens } => fill(&store, tokens).await,
        What::Check { store, copy } => check(&store, &copy).await,
        What::Restored { store, of, stored } => restored::run(&store, &of, stored).await,
        What::Work { store } => work::run(&store).await,
    }
}

/// The value of the token with this number.
fn value(number: usize) -> Vec<u8> {
    let text = format!("the value of number {number}; ").into_bytes();
    match number.is_multiple_of(LONG_EACH) {
        true => text.into_iter().cycle().take(LONG).collect(),
        false => text,
    }
}

fn session() -> Result<SessionId> {
    Ok(SessionId::new("ann")?)
}

async fn fill(path: &Path, tokens: usize) -> Result<()> {
    let vault = open_embedded(path, None, Arc::new(SystemClock))
        .await?
        .vault;
    let until = SystemClock.unix_millis() + DAY;
    let stored: Vec<TokenId> = stream::iter(0..tokens)
        .map(|number| store(&vault, number, until))
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    let lines: String = stored
        .iter()
        .map(|token| format!("{}\n", token.expose_id()))
        .collect();
    fs::write(list(path), lines)?;
    println!("filled {tokens}");
    Ok(())
}

fn list(store: &Path) -> PathBuf {
    store.with_added_extension("tokens")
}

/// The tokens of a store that was filled, in the order of their numbers.
fn listed(store: &Path) -> Result<Vec<TokenId>> {
    let list = fs::read_to_string(list(store))?;
    list.lines()
        .map(|line| TokenId::parse(line).context("a line of the list is no token"))
        .collect()
}

async fn store(vault: &Vault, number: usize, until: UnixMillis) -> Result<TokenId> {
    let (ann, value) = (session()?, value(number));
    if value.len() == LONG {
        let new = vault.create_token(None, Some((&ann, until))).await?;
        let mut upload = vault.begin_upload(&new.upload, LONG as u64).await?;
        upload.write(Bytes::from(value)).await?;
        upload.commit().await?;
        return Ok(new.token);
    }
    let value = InlineValue::new(SecretValue::new(value)).context("a short value")?;
    let asked = Tokenization {
        value: Some(&value),
        owner: Some(Owner {
            session: &ann,
            granted_until: until,
            quota: None,
        }),
        ..Tokenization::default()
    };
    match vault.tokenize(&asked).await? {
        Tokenized::Stored(token) => Ok(token),
        Tokenized::Waiting(_) => bail!("a short value waits for an upload"),
    }
}

async fn check(path: &Path, copy: &str) -> Result<()> {
    let (master_key, made) = master_key_for(path)?;
    ensure!(!made, "the store has no key");
    let store = PostgresStore::open(&PostgresOptions::from_url(copy)?).await?;
    let vault = Vault::open(Arc::new(store), &master_key, Arc::new(SystemClock)).await?;
    let tokens = listed(path)?;
    let checked = stream::iter(tokens.iter().enumerate())
        .map(|(number, token)| read(&vault, number, token))
        .buffered(AT_ONCE);
    let checked: Vec<()> = checked.try_collect().await?;
    println!("checked {}", checked.len());
    Ok(())
}

async fn read(vault: &Vault, number: usize, token: &TokenId) -> Result<()> {
    let read = find(vault, token).await?;
    let read = read.with_context(|| format!("number {number} is not there"))?;
    ensure!(read == value(number), "number {number} has another value");
    Ok(())
}

/// The value of a token that ann is granted; `None` when it is refused.
async fn find(vault: &Vault, token: &TokenId) -> Result<Option<Vec<u8>>> {
    let ann = session()?;
    let id = ReadId::new([0; 16]);
    let tokens = [token.clone()];
    let mut found = vault.read_values(&ann, &tokens, id, LONG).await?;
    let read = match found.pop().context("an answer")? {
        Found::Value { value, .. } => value.expose_secret().to_vec(),
        Found::Download { .. } => {
            let soon = SystemClock.unix_millis() + Duration::from_secs(60);
            let ticket = vault.issue_download(&ann, token, soon).await?;
            let download = vault.open_download(&ticket.context("no grant")?).await?;
            let mut download = download.context("no value")?;
            let mut read = Vec::new();
            while let Some(chunk) = download.next_chunk().await? {
                read.extend_from_slice(&chunk);
            }
            read
        }
        Found::Refused => return Ok(None),
    };
    Ok(Some(read))
}
