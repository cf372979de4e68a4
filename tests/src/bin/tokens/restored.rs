//! Whether a store that was restored from a backup has what it should.

use crate::{AT_ONCE, DAY, find, listed, session, value};
use anyhow::{Context, Result, ensure};
use futures_util::{StreamExt, TryStreamExt, stream};
use lunadefend_core::provider::{Clock, TokenId};
use lunadefend_jwt::SystemClock;
use lunadefend_vault::Vault;
use lunadefend_vault_redb::open_embedded;
use std::{collections::HashSet, fs, path::Path, sync::Arc};

/// A token, and its value.
type Expected = (TokenId, Vec<u8>);

pub(super) async fn run(path: &Path, of: &Path, stored: usize) -> Result<()> {
    let opened = open_embedded(path, None, Arc::new(SystemClock)).await?;
    ensure!(opened.new_key_file.is_none(), "the store has no key");
    let vault = opened.vault;
    ensure!(vault.restored_at().is_some(), "it was not restored");
    let deleted = fs::read_to_string(of.with_added_extension("deleted"))?;
    let deleted: HashSet<&str> = deleted.lines().collect();
    let filled = listed(of)?.into_iter().enumerate();
    let mut all: Vec<Expected> = filled.map(|(at, token)| (token, value(at))).collect();
    all.extend(first_stored(of, stored)?);

    let granted_until = SystemClock.unix_millis() + DAY;
    let ann = session()?;
    let checked = stream::iter(&all)
        .map(|(token, expected)| {
            let (vault, ann, deleted) = (&vault, &ann, &deleted);
            async move {
                let before = vault.grant_expiry(ann, token).await?;
                ensure!(before.is_none(), "a grant of before the restore counts");
                vault.grant(ann, token, granted_until).await?;
                check(vault, token, expected, deleted).await
            }
        })
        .buffered(AT_ONCE);
    let checked: Vec<()> = checked.try_collect().await?;
    println!("checked {}", checked.len());
    Ok(())
}

async fn check(
    vault: &Vault,
    token: &TokenId,
    expected: &[u8],
    deleted: &HashSet<&str>,
) -> Result<()> {
    let found = find(vault, token).await?;
    if deleted.contains(token.expose_id()) {
        ensure!(found.is_none(), "a deleted token has its value");
    } else {
        let found = found.context("a token that was acknowledged is not there")?;
        ensure!(found == expected, "a token has another value");
    }
    Ok(())
}

/// The first tokens that were acknowledged while the store was in use.
fn first_stored(of: &Path, count: usize) -> Result<Vec<Expected>> {
    let lines = fs::read_to_string(of.with_added_extension("stored"))?;
    let first: Vec<_> = lines.lines().take(count).collect();
    ensure!(first.len() == count, "{} of {count} lines", first.len());
    let read = first.into_iter().map(|line| {
        let (token, value) = line.split_once(' ').context("a token and its value")?;
        Ok((TokenId::parse(token)?, value.as_bytes().to_vec()))
    });
    read.collect()
}
