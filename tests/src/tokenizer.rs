//! The tokenizer of a test.

use crate::TestClock;
use lunadefend_http::{BaseUrl, Cleartext};
use lunadefend_testing::tokenizer::{BoundTokenizer, RunningTokenizer, TestTimer};
use lunadefend_tokenizer::TokenizerConfigBuilder;
use lunadefend_vault::{MasterKey, Vault, store::Store};
use lunadefend_vault_redb::{EmbeddedOptions, EmbeddedStore};
use std::{net::SocketAddr, path::PathBuf, sync::Arc};
use tempfile::TempDir;

/// The tokenizer of a world; it ends when it is dropped.
pub struct WorldTokenizer {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its public URL, without a slash at the end.
    pub url: String,
    /// Its master key as text, so that a test can look for it.
    pub master_key: secrecy::SecretString,
    /// What it keeps.
    pub vault: Vault,
    _running: RunningTokenizer,
    folder: Option<TempDir>,
}

impl WorldTokenizer {
    pub(crate) async fn start(
        bound: BoundTokenizer,
        url: String,
        config: TokenizerConfigBuilder,
        clock: TestClock,
        folder: Option<TempDir>,
    ) -> Self {
        let store: Arc<dyn Store> = Arc::new(match &folder {
            Some(folder) => {
                EmbeddedStore::open(&file(folder), &EmbeddedOptions::default()).unwrap()
            }
            None => EmbeddedStore::in_memory().unwrap(),
        });
        let (master, master_key) = MasterKey::generate().unwrap();
        let timer = Arc::new(TestTimer(clock.clone()));
        let vault = Vault::open(store, &master, Arc::new(clock)).await.unwrap();
        Self {
            address: bound.address(),
            url,
            master_key,
            _running: bound.serve_with(config, vault.clone(), timer).unwrap(),
            vault,
            folder,
        }
    }

    /// All that its store has in its file.
    ///
    /// # Panics
    /// When the store is in memory.
    #[must_use]
    pub fn stored_bytes(&self) -> Vec<u8> {
        std::fs::read(file(self.folder.as_ref().unwrap())).unwrap()
    }
}

fn file(folder: &TempDir) -> PathBuf {
    folder.path().join("tokenizer.redb")
}

pub(crate) fn base(url: &str) -> BaseUrl {
    BaseUrl::parse(url, "TEST_URL", Cleartext::Allowed).unwrap()
}
