//! The tokenizer of a test.

#[cfg(unix)]
use crate::PostgresServer;
use crate::{Moto, Settings, TestClock};
use axum::{Router, extract::Request};
use futures_util::future::join_all;
use lunadefend_http::{BaseUrl, Cleartext};
use lunadefend_testing::tokenizer::TestTimer;
use lunadefend_tokenizer::{Tokenizer, TokenizerConfig, TokenizerConfigBuilder, serve};
use lunadefend_vault::{MasterKey, Vault, store::Store};
use lunadefend_vault_aws::AwsStore;
use lunadefend_vault_redb::{EmbeddedOptions, EmbeddedStore};
use std::{
    future::pending,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinHandle};
use tower::{ServiceExt as _, service_fn};

/// How many tokenizers a world has on a store that they share.
const SEVERAL: usize = 3;

/// The tokenizer of a world; it ends when it is dropped.
///
/// On a store that several tokenizers share it is three of them, each with a vault and connections of its own. They take the
/// requests in turn, so no two requests that follow each other go to one of them.
pub struct WorldTokenizer {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its public URL, without a slash at the end.
    pub url: String,
    /// Its master key as text, so that a test can look for it.
    pub master_key: secrecy::SecretString,
    /// What it keeps.
    pub vault: Vault,
    running: JoinHandle<()>,
    kept: Kept,
}

impl Drop for WorldTokenizer {
    fn drop(&mut self) {
        self.running.abort();
    }
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

    /// How many tokenizers can be on it.
    const fn tokenizers(&self) -> usize {
        match self {
            Self::Memory | Self::File(_) => 1,
            #[cfg(unix)]
            Self::Postgres(_) => SEVERAL,
            Self::Aws(_) => SEVERAL,
        }
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
        listener: TcpListener,
        url: String,
        config: TokenizerConfigBuilder,
        clock: TestClock,
        settings: &Settings,
    ) -> Self {
        let kept = Kept::new(settings.file_store).await;
        let (master, master_key) = MasterKey::generate().unwrap();
        let count = if settings.alone { 1 } else { kept.tokenizers() };
        let vaults = (0..count).map(async |_| {
            let store = kept.open().await;
            let vault = Vault::open(store, &master, Arc::new(clock.clone())).await;
            vault.unwrap()
        });
        let vaults = join_all(vaults).await;
        let config = config.build().unwrap();
        Self {
            address: listener.local_addr().unwrap(),
            url,
            master_key,
            vault: vaults[0].clone(),
            running: tokio::spawn(run(listener, config, vaults, clock)),
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

async fn run(listener: TcpListener, config: TokenizerConfig, vaults: Vec<Vault>, clock: TestClock) {
    let on = |vault| {
        let timer = Arc::new(TestTimer(clock.clone()));
        Tokenizer::with_timer(config.clone(), vault, timer)
    };
    let tokenizers: Vec<_> = vaults.into_iter().map(on).collect();
    if let [tokenizer] = &tokenizers[..] {
        serve(listener, tokenizer.clone(), pending()).await.unwrap();
        return;
    }
    let turns = AtomicUsize::new(0);
    let (tokenizers, turns) = (Arc::new(tokenizers), Arc::new(turns));
    let in_turn = service_fn(move |request: Request| {
        let turn = turns.fetch_add(1, Ordering::Relaxed);
        let tokenizer = tokenizers[turn % tokenizers.len()].clone();
        tokenizer.oneshot(request)
    });
    let router = Router::new().fallback_service(in_turn);
    axum::serve(listener, router).await.unwrap();
}

fn file(folder: &TempDir) -> PathBuf {
    folder.path().join("tokenizer.redb")
}

pub(crate) fn base(url: &str) -> BaseUrl {
    BaseUrl::parse(url, "TEST_URL", Cleartext::Allowed).unwrap()
}
