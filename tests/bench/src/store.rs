//! Stores with tokens, and the application's key.

mod grants;

use anyhow::{Context, Result, bail};
use futures_util::{StreamExt, TryStreamExt, stream};
use lunadefend::SessionId;
use lunadefend_core::{
    provider::{Clock, SecretValue, TokenId},
    wire::{InlineValue, Metadata},
};
use lunadefend_crypto::{GeneratedKey, RsaBits};
use lunadefend_jwt::SystemClock;
use lunadefend_vault::{Owner, Tokenization, Tokenized, Vault};
use lunadefend_vault_redb::open_embedded;
use secrecy::ExposeSecret;
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

/// The value of each token: a card number.
pub(crate) const VALUE: &[u8] = b"4111111111111111";
/// How long grants of a store live.
const DAYS: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How many values are stored at once: they share commits.
const AT_ONCE: usize = 256;

/// The application's key, in PEM.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    /// For the application.
    pub(crate) private: String,
    /// For its tokenizer.
    pub(crate) public: String,
}

impl Key {
    /// Makes one of 2048 bits.
    ///
    /// # Errors
    /// Without randomness.
    pub(crate) fn generate() -> Result<Self> {
        let generated = GeneratedKey::generate(RsaBits::Rsa2048)?;
        Ok(Self {
            private: generated.pem.expose_secret().to_owned(),
            public: generated.key.public_key().to_spki_pem(),
        })
    }
}

/// A store in a file, with the list of its tokens.
#[derive(Clone, Debug)]
pub(crate) struct FilledStore {
    /// The file.
    pub(crate) path: PathBuf,
    /// The list.
    pub(crate) tokens: PathBuf,
}

impl FilledStore {
    fn named(folder: &Path, name: &str) -> Self {
        Self {
            path: folder.join(format!("{name}.redb")),
            tokens: folder.join(format!("{name}.tokens")),
        }
    }

    /// Makes a store with so many tokens, each with a value and a grant of the session that reads.
    ///
    /// # Errors
    /// When the disk does not do its part.
    pub(crate) async fn make(folder: &Path, name: &str, tokens: usize) -> Result<Self> {
        let store = Self::named(folder, name);
        let vault = open_embedded(&store.path, None, Arc::new(SystemClock));
        store.fill(&vault.await?.vault, tokens).await?;
        Ok(store)
    }

    /// Makes such a store that has work for an operator: all its rows are sealed under an earlier wrapping key, and beside
    /// them are so many grants that have expired.
    ///
    /// # Errors
    /// When the disk does not do its part.
    pub(crate) async fn make_old(
        folder: &Path,
        name: &str,
        tokens: usize,
        expired: usize,
    ) -> Result<Self> {
        /// The older key is that of a day ago, when the new one was added.
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        let store = Self::named(folder, name);
        let past = FixedClock(SystemTime::now() - DAY);
        let vault = open_embedded(&store.path, None, Arc::new(past));
        let vault = vault.await?.vault;
        store.fill(&vault, tokens).await?;
        let soon = SystemClock.unix_millis();
        grants::grant(&vault, expired, soon).await?;
        vault.add_wrapping_key().await?;
        Ok(store)
    }

    async fn fill(&self, vault: &Vault, tokens: usize) -> Result<()> {
        let stored = stream::iter(0..tokens)
            .map(|_| tokenize(vault))
            .buffer_unordered(AT_ONCE);
        let stored: Vec<TokenId> = stored.try_collect().await?;
        let lines = stored
            .iter()
            .map(|token| format!("{}\n", token.expose_id()));
        fs::write(&self.tokens, lines.collect::<String>())?;
        Ok(())
    }
}

/// A clock that stands still.
#[derive(Debug)]
struct FixedClock(SystemTime);

impl Clock for FixedClock {
    fn now(&self) -> SystemTime {
        self.0
    }
}

async fn tokenize(vault: &Vault) -> Result<TokenId> {
    let session = SessionId::new(crate::job::READER)?;
    let value = InlineValue::new(SecretValue::new(VALUE)).context("a short value")?;
    let metadata = Metadata::string();
    let asked = Tokenization {
        value: Some(&value),
        metadata: Some(&metadata),
        owner: Some(Owner {
            session: &session,
            granted_until: SystemClock.unix_millis() + DAYS,
            quota: None,
        }),
        ..Tokenization::default()
    };
    match vault.tokenize(&asked).await? {
        Tokenized::Stored(token) => Ok(token),
        Tokenized::Waiting(_) => bail!("a short value waits for an upload"),
    }
}
