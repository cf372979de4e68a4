//! The tokenizer of a test.

#[cfg(unix)]
use crate::PostgresServer;
use crate::{Moto, TestClock};
use lunadefend_http::{BaseUrl, Cleartext};
use lunadefend_testing::tokenizer::{BoundTokenizer, RunningTokenizer, TestTimer};
use lunadefend_tokenizer::TokenizerConfigBuilder;
use lunadefend_vault::{MasterKey, Vault, store::Store};
use lunadefend_vault_aws::AwsStore;
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
    kept: Kept,
}

/// Where a tokenizer keeps what it has.
enum Kept {
    Memory,
    File(TempDir),
    #[cfg(unix)]
    Postgres(PostgresServer),
    Aws(AwsStore),
}

impl Kept {
    /// In memory, unless the test, or the program of tests, wants it elsewhere.
    async fn new(in_file: bool) -> Self {
        if in_file {
            return Self::File(tempfile::tempdir().unwrap());
        }
        if is_program("on_aws")
            && let Some(moto) = Moto::shared()
        {
            return Self::Aws(moto.store().await);
        }
        #[cfg(unix)]
        if is_program("on_postgres")
            && let Some(server) = PostgresServer::migrated().await
        {
            return Self::Postgres(server);
        }
        Self::Memory
    }

    async fn open(&self) -> Arc<dyn Store> {
        match self {
            Self::Memory => Arc::new(EmbeddedStore::in_memory().unwrap()),
            Self::File(folder) => {
                let options = EmbeddedOptions::default();
                Arc::new(EmbeddedStore::open(&file(folder), &options).unwrap())
            }
            #[cfg(unix)]
            Self::Postgres(server) => Arc::new(server.open().await),
            Self::Aws(store) => Arc::new(store.clone()),
        }
    }
}

/// Whether this is the program of that name, which has the tests end to end on another store.
fn is_program(wanted: &str) -> bool {
    let program = std::env::current_exe().unwrap();
    let name = program.file_name().unwrap();
    name.to_string_lossy().starts_with(&format!("{wanted}-"))
}

impl WorldTokenizer {
    pub(crate) async fn start(
        bound: BoundTokenizer,
        url: String,
        config: TokenizerConfigBuilder,
        clock: TestClock,
        file_store: bool,
    ) -> Self {
        let kept = Kept::new(file_store).await;
        let store = kept.open().await;
        let (master, master_key) = MasterKey::generate().unwrap();
        let timer = Arc::new(TestTimer(clock.clone()));
        let vault = Vault::open(store, &master, Arc::new(clock)).await.unwrap();
        Self {
            address: bound.address(),
            url,
            master_key,
            _running: bound.serve_with(config, vault.clone(), timer).unwrap(),
            vault,
            kept,
        }
    }

    /// All that its store has in its file.
    ///
    /// # Panics
    /// When the store is not in a file.
    #[must_use]
    pub fn stored_bytes(&self) -> Vec<u8> {
        let folder = match &self.kept {
            Kept::File(folder) => Some(folder),
            _ => None,
        };
        std::fs::read(file(folder.unwrap())).unwrap()
    }
}

fn file(folder: &TempDir) -> PathBuf {
    folder.path().join("tokenizer.redb")
}

pub(crate) fn base(url: &str) -> BaseUrl {
    BaseUrl::parse(url, "TEST_URL", Cleartext::Allowed).unwrap()
}
