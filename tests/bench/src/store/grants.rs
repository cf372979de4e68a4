//! Grants by the million.

use super::FilledStore;
use crate::job::READER;
use anyhow::Result;
use fastrand::Rng;
use futures_util::{StreamExt, TryStreamExt, stream};
use lunadefend::SessionId;
use lunadefend_core::provider::{Clock, TokenId, UnixMillis};
use lunadefend_jwt::SystemClock;
use lunadefend_vault::{GrantWrite, Vault};
use lunadefend_vault_redb::open_embedded;
use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// How many grants are in one call: as many as a batch of the wire has.
const EACH: usize = 100;
/// How many calls are under way at once: they share commits.
const AT_ONCE: usize = 1024;
/// Of so many grants at most are the tokens known afterwards.
const LISTED: usize = 100_000;
/// How long grants of a kept store live.
const YEARS: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

impl FilledStore {
    /// Makes a store with so many grants of the session that reads, or takes one that an earlier run has left whole.
    ///
    /// The list has at most 100,000 of the tokens: whoever looks at these reads pages all over the file.
    ///
    /// # Errors
    /// When the disk does not do its part.
    pub(crate) async fn with_grants(folder: &Path, grants: usize) -> Result<Self> {
        let store = Self::named(folder, &format!("grants-{grants}"));
        // The list is written last.
        if store.tokens.is_file() {
            return Ok(store);
        }
        fs::create_dir_all(folder)?;
        for rest in [store.path.clone(), store.path.with_added_extension("key")] {
            if rest.is_file() {
                fs::remove_file(rest)?;
            }
        }
        let vault = open_embedded(&store.path, None, Arc::new(SystemClock));
        let vault = vault.await?.vault;
        let until = SystemClock.unix_millis() + YEARS;
        let tokens = grant(&vault, grants, until).await?;
        drop(vault);
        let one_of = tokens.len().div_ceil(LISTED).max(1);
        let listed = tokens.iter().step_by(one_of);
        let lines = listed.map(|token| format!("{}\n", token.expose_id()));
        fs::write(&store.tokens, lines.collect::<String>())?;
        Ok(store)
    }
}

/// Grants so many new tokens to the session that reads, rounded up to hundreds, and returns them; of more than are listed
/// one of each hundred.
pub(super) async fn grant(
    vault: &Vault,
    grants: usize,
    expires_at: UnixMillis,
) -> Result<Vec<TokenId>> {
    let known = if grants <= LISTED { EACH } else { 1 };
    let random = Mutex::new(Rng::new());
    let some = |_| {
        let mut random = random.lock().unwrap_or_else(PoisonError::into_inner);
        let writes = (0..EACH).map(|_| {
            Ok(GrantWrite {
                session: SessionId::new(READER)?,
                token: token(&mut random)?,
                expires_at,
            })
        });
        let writes = writes.collect::<Result<Vec<_>>>();
        async move {
            let writes = writes?;
            let known = writes.iter().take(known);
            let known: Vec<_> = known.map(|write| write.token.clone()).collect();
            vault.grant_many(writes).await?;
            anyhow::Ok(known)
        }
    };
    let calls = stream::iter(0..grants.div_ceil(EACH)).map(some);
    calls.buffer_unordered(AT_ONCE).try_concat().await
}

/// A token as it is made: a version 4 UUID. No value has it.
fn token(random: &mut Rng) -> Result<TokenId> {
    let bits = random.u128(..);
    let text = format!(
        "lunasec-{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
        (bits >> 96) as u32,
        (bits >> 80) as u16,
        (bits >> 64) & 0xfff,
        (bits >> 52) & 0xfff,
        bits & 0xffff_ffff_ffff,
    );
    Ok(TokenId::parse(&text)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_whole_store_is_taken_again_and_half_of_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let store = FilledStore::with_grants(folder.path(), 250).await.unwrap();
        let list = fs::read_to_string(&store.tokens).unwrap();
        assert_eq!(list.lines().count(), 300);
        let again = || FilledStore::with_grants(folder.path(), 250);
        assert_eq!(
            fs::read_to_string(again().await.unwrap().tokens).unwrap(),
            list
        );
        fs::remove_file(&store.tokens).unwrap();
        assert_ne!(
            fs::read_to_string(again().await.unwrap().tokens).unwrap(),
            list
        );

        let opened = open_embedded(&store.path, None, Arc::new(SystemClock));
        let vault = opened.await.unwrap().vault;
        let list = fs::read_to_string(&store.tokens).unwrap();
        let token = TokenId::parse(list.lines().next().unwrap()).unwrap();
        let reader = SessionId::new(READER).unwrap();
        let expiry = vault.grant_expiry(&reader, &token).await.unwrap();
        assert!(expiry.is_some());
    }
}
