//! The store on a real PostgreSQL, and tokenizers that share it.
#![cfg(unix)]
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy does not count as tests"
)]

mod conforms;
mod faults;
mod opens;
#[path = "../shared_store/processes.rs"]
mod processes;
mod restored;
mod tls;

use lunadefend_tests::PostgresServer;
use lunadefend_vault::store::Store;
use std::sync::Arc;

/// A store for several tokenizers.
struct Shared(PostgresServer);

impl Shared {
    async fn start() -> Option<Self> {
        PostgresServer::migrated().await.map(Self)
    }

    async fn open(&self) -> Arc<dyn Store> {
        Arc::new(self.0.open().await)
    }
}
