//! The tokenizer of a test.

use crate::TestClock;
use lunadefend_core::{BoxFuture, Clock};
use lunadefend_http::{BaseUrl, Cleartext};
use lunadefend_tokenizer::{Tokenizer, TokenizerConfigBuilder, serve};
use lunadefend_vault::{MasterKey, Timer, Vault, store::Store};
use lunadefend_vault_redb::{EmbeddedOptions, EmbeddedStore};
use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinHandle};

/// A tokenizer on loopback; it ends when it is dropped.
pub struct RunningTokenizer {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its public URL, without a slash at the end.
    pub url: String,
    /// Its master key as text, so that a test can look for it.
    pub master_key: secrecy::SecretString,
    /// What it keeps.
    pub vault: Vault,
    task: JoinHandle<std::io::Result<()>>,
    folder: Option<TempDir>,
}

impl RunningTokenizer {
    pub(crate) async fn start(
        listener: TcpListener,
        url: String,
        config: TokenizerConfigBuilder,
        clock: Arc<TestClock>,
        folder: Option<TempDir>,
    ) -> Self {
        let store: Arc<dyn Store> = Arc::new(match &folder {
            Some(folder) => {
                EmbeddedStore::open(&file(folder), &EmbeddedOptions::default()).unwrap()
            }
            None => EmbeddedStore::in_memory().unwrap(),
        });
        let (master, master_key) = MasterKey::generate().unwrap();
        let timer = Arc::new(TestTimer(Arc::clone(&clock)));
        let vault = Vault::open(store, &master, clock).await.unwrap();
        let tokenizer = Tokenizer::with_timer(config.build().unwrap(), vault.clone(), timer);
        Self {
            address: listener.local_addr().unwrap(),
            url,
            master_key,
            vault,
            task: tokio::spawn(serve(listener, tokenizer, std::future::pending())),
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

impl Drop for RunningTokenizer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Waiting takes no time: the clock is moved instead.
#[derive(Debug)]
struct TestTimer(Arc<TestClock>);

impl Timer for TestTimer {
    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.0.unix_millis())
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        self.0.advance(duration);
        Box::pin(std::future::ready(()))
    }
}

fn file(folder: &TempDir) -> PathBuf {
    folder.path().join("tokenizer.redb")
}

pub(crate) fn base(url: &str) -> BaseUrl {
    BaseUrl::parse(url, "TEST_URL", Cleartext::Allowed).unwrap()
}
