//! The vault on a store in memory: what each database adds is its own.

use crate::{
    counted::{counting, repeated},
    keys::tokens,
    runtime,
};
use anyhow::{Context as _, Result, ensure};
use lunadefend_core::{
    SessionId,
    provider::{Clock, TokenId, UnixMillis},
    wire::{InlineValue, ReadId},
};
use lunadefend_jwt::SystemClock;
use lunadefend_vault::{
    Found, MasterKey, Owner, Tokenization, Tokenized, Vault, store::MemoryStore,
};
use std::{sync::Arc, time::Duration};

/// A vault with its session, and the expiry of grants.
struct Held {
    vault: Vault,
    session: SessionId,
    soon: UnixMillis,
}

pub(crate) async fn in_memory() -> Result<Vault> {
    let (master, _) = MasterKey::generate()?;
    let store = Arc::new(MemoryStore::default());
    Ok(Vault::open(store, &master, Arc::new(SystemClock)).await?)
}

impl Held {
    async fn new() -> Result<Self> {
        Ok(Self {
            vault: in_memory().await?,
            session: SessionId::new("94AgCStMEksB27IX7v1Ep9SyUmSgsJV3cePAnDO2MjE")?,
            soon: SystemClock.unix_millis() + Duration::from_secs(900),
        })
    }

    /// Stores a small value.
    async fn store(&self, value: &InlineValue) -> Result<TokenId> {
        let owner = Owner {
            session: &self.session,
            granted_until: self.soon,
            quota: None,
        };
        let request = Tokenization {
            value: Some(value),
            owner: Some(owner),
            ..Tokenization::default()
        };
        match self.vault.tokenize(&request).await? {
            Tokenized::Stored(token) => Ok(token),
            Tokenized::Waiting(_) => anyhow::bail!("the value is not stored"),
        }
    }
}

fn value() -> Result<InlineValue> {
    let text = serde_json::to_string(&"4242424242424242")?;
    Ok(serde_json::from_str(&text)?)
}

pub(crate) fn grant(times: u32) -> Result<()> {
    let runtime = runtime()?;
    let held = runtime.block_on(Held::new())?;
    let token = TokenId::parse(&tokens(1).concat())?;
    counting(|| {
        runtime.block_on(async {
            for later in 0..times {
                let until = held.soon + Duration::from_secs(later.into());
                held.vault.grant(&held.session, &token, until).await?;
            }
            Ok(())
        })
    })
}

pub(crate) fn verify(times: u32) -> Result<()> {
    let runtime = runtime()?;
    let held = runtime.block_on(Held::new())?;
    let token = TokenId::parse(&tokens(1).concat())?;
    runtime.block_on(held.vault.grant(&held.session, &token, held.soon))?;
    repeated(&runtime, 0, times, async || {
        let until = held.vault.grant_expiry(&held.session, &token).await?;
        ensure!(until == Some(held.soon), "the grant is live");
        Ok(())
    })
}

/// Seals a small value into its row, with its token and grant.
pub(crate) fn store(times: u32) -> Result<()> {
    let runtime = runtime()?;
    let held = runtime.block_on(Held::new())?;
    let value = value()?;
    repeated(&runtime, 0, times, async || {
        held.store(&value).await.map(drop)
    })
}

/// Opens a small value.
pub(crate) fn read(times: u32) -> Result<()> {
    let runtime = runtime()?;
    let held = runtime.block_on(Held::new())?;
    let tokens = [runtime.block_on(held.store(&value()?))?];
    let read = ReadId::new([7; 16]);
    repeated(&runtime, 0, times, async || {
        let found = held.vault.read_values(&held.session, &tokens, read, 1024);
        let found = found.await?.pop().context("an answer")?;
        ensure!(matches!(found, Found::Value { .. }), "the value is there");
        Ok(())
    })
}
