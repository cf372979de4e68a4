//! What all tests of the vault share.

mod canaries;
mod downloads;
mod ends;
mod grants;
mod janitor;
mod keys;
mod master;
mod quotas;
mod sessions;
mod signed;
mod tamper;
mod tokens;
mod uploads;

use super::*;
use crate::store::{BlobId, MemoryStore, RowKey, StoreError};
use lunadefend_core::{BoxFuture, SessionId, TokenId, wire::Metadata};
use secrecy::ExposeSecret;
use std::{
    collections::BTreeSet,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

const START: u64 = 1_795_392_000_000;
const MAX: u64 = 1024 * 1024;

/// A clock that stands still until it is told otherwise.
#[derive(Debug)]
struct TestClock(AtomicU64);

impl TestClock {
    fn set(&self, millis: u64) {
        self.0.store(millis, Ordering::SeqCst);
    }

    fn advance(&self, millis: u64) {
        self.0.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// A store that remembers which rows and chunks were written, so that a test can change them.
#[derive(Debug)]
struct TestStore {
    inner: MemoryStore,
    rows: Mutex<BTreeSet<(Table, RowKey)>>,
    chunks: Mutex<BTreeSet<(BlobId, u32)>>,
    stalled: AtomicBool,
}

impl TestStore {
    fn rows(&self, table: Table) -> Vec<RowKey> {
        let rows = self.rows.lock().unwrap();
        let of_table = rows.iter().filter(|(of, _)| *of == table);
        of_table.map(|(_, key)| *key).collect()
    }

    async fn row(&self, table: Table, key: RowKey) -> Option<Row> {
        self.inner.get(table, &key).await.unwrap()
    }

    async fn put(&self, table: Table, key: RowKey, row: Row) {
        let put = Write::Put { table, key, row };
        assert_eq!(self.inner.write(vec![put], 0).await.unwrap(), Written::Done);
    }

    async fn delete(&self, table: Table, key: RowKey) {
        let delete = Write::Delete { table, key };
        assert_eq!(
            self.inner.write(vec![delete], 0).await.unwrap(),
            Written::Done
        );
    }

    /// The chunks that are there now, in order.
    async fn chunks(&self) -> Vec<(BlobId, u32)> {
        let written = self.chunks.lock().unwrap().clone();
        let mut there = Vec::new();
        for (blob, index) in written {
            if self.inner.get_chunk(&blob, index).await.unwrap().is_some() {
                there.push((blob, index));
            }
        }
        there
    }

    /// All keys, rows and chunks, one after the other.
    async fn content(&self) -> Vec<u8> {
        let rows = self.rows.lock().unwrap().clone();
        let mut content = Vec::new();
        for (table, key) in rows {
            content.extend_from_slice(key.as_bytes());
            if let Some(row) = self.row(table, key).await {
                content.extend_from_slice(&row.value);
            }
        }
        for at in self.chunks().await {
            content.extend_from_slice(at.0.as_bytes());
            content.extend_from_slice(&self.chunk(at).await);
        }
        content
    }

    async fn chunk(&self, at: (BlobId, u32)) -> Bytes {
        self.inner.get_chunk(&at.0, at.1).await.unwrap().unwrap()
    }

    async fn set_chunk(&self, at: (BlobId, u32), data: impl Into<Bytes>) {
        let written = self.inner.put_chunk(&at.0, at.1, data.into()).await;
        assert_eq!(written.unwrap(), Written::Done);
    }
}

impl Store for TestStore {
    fn get<'a>(
        &'a self,
        table: Table,
        key: &'a RowKey,
    ) -> BoxFuture<'a, Result<Option<Row>, StoreError>> {
        self.inner.get(table, key)
    }

    fn write(&self, batch: Vec<Write>, now: u64) -> BoxFuture<'_, Result<Written, StoreError>> {
        let places = batch.iter().map(|write| (write.table(), *write.key()));
        self.rows.lock().unwrap().extend(places);
        self.inner.write(batch, now)
    }

    fn put_chunk<'a>(
        &'a self,
        blob: &'a BlobId,
        index: u32,
        data: Bytes,
    ) -> BoxFuture<'a, Result<Written, StoreError>> {
        if self.stalled.load(Ordering::SeqCst) {
            return Box::pin(std::future::pending());
        }
        self.chunks.lock().unwrap().insert((*blob, index));
        self.inner.put_chunk(blob, index, data)
    }

    fn get_chunk<'a>(
        &'a self,
        blob: &'a BlobId,
        index: u32,
    ) -> BoxFuture<'a, Result<Option<Bytes>, StoreError>> {
        self.inner.get_chunk(blob, index)
    }

    fn delete_blob<'a>(&'a self, blob: &'a BlobId) -> BoxFuture<'a, Result<(), StoreError>> {
        self.inner.delete_blob(blob)
    }

    fn purge_expired(&self, now: u64) -> BoxFuture<'_, Result<usize, StoreError>> {
        self.inner.purge_expired(now)
    }

    fn check(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.inner.check()
    }
}

struct World {
    store: Arc<TestStore>,
    clock: Arc<TestClock>,
    master: MasterKey,
    vault: Vault,
}

impl World {
    async fn new() -> Self {
        let store = Arc::new(TestStore {
            inner: MemoryStore::default(),
            rows: Mutex::default(),
            chunks: Mutex::default(),
            stalled: AtomicBool::new(false),
        });
        let clock = Arc::new(TestClock(AtomicU64::new(START)));
        let (master, _) = MasterKey::generate().unwrap();
        let vault = Vault::open(store.clone(), &master, clock.clone())
            .await
            .unwrap();
        Self {
            store,
            clock,
            master,
            vault,
        }
    }

    /// The same store as another process sees it.
    async fn reopen(&self, master: &MasterKey) -> Result<Vault, VaultError> {
        Vault::open(self.store.clone(), master, self.clock.clone()).await
    }

    /// A token with a value.
    async fn token(&self, value: &[u8]) -> TokenId {
        let new = self.vault.create_token(None, None).await.unwrap();
        self.upload(&new, value).await;
        new.token
    }

    async fn upload(&self, new: &NewToken, value: &[u8]) {
        let mut upload = self.vault.begin_upload(&new.upload, MAX).await.unwrap();
        upload.write(Bytes::copy_from_slice(value)).await.unwrap();
        assert_eq!(upload.commit().await.unwrap(), value.len() as u64);
    }

    /// The value of a token for a session with a grant; as much of it as comes before an error.
    async fn read(&self, token: &TokenId) -> Result<Vec<u8>, VaultError> {
        let session = session("reader");
        let until = self.vault.now() + 1;
        self.vault.grant(&session, token, until).await?;
        let issued = self.vault.issue_download(&session, token, until).await?;
        let download = self.vault.open_download(&issued.unwrap().download).await?;
        let mut download = download.unwrap();
        let mut value = Vec::new();
        while let Some(chunk) = download.next_chunk().await? {
            value.extend_from_slice(&chunk);
        }
        assert_eq!(value.len() as u64, download.length());
        Ok(value)
    }
}

impl Vault {
    /// As of now, whoever has set the clock.
    async fn purge_expired(&self) -> Result<usize, VaultError> {
        self.purge_expired_at(self.now()).await
    }
}

impl Transfer {
    fn handle(self) -> Option<SessionHandle> {
        match self {
            Self::Session(handle) => Some(handle),
            _ => None,
        }
    }
}

/// A new state, and what it says.
fn issue_state(vault: &Vault, provider: &str) -> (IssuedState, StateClaims) {
    let issued = vault.issue_state(provider, false).unwrap();
    let claims = vault.check_state(issued.state.expose_secret()).unwrap();
    (issued, claims)
}

fn session(id: &str) -> SessionId {
    SessionId::new(id).unwrap()
}

fn some_token() -> TokenId {
    TokenId::parse("lunasec-0a1b2c3d-1111-4222-8333-444455556666").unwrap()
}

fn metadata(json: &str) -> Metadata {
    Metadata::from_json(json).unwrap()
}
