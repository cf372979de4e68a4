//! What all tests of the vault share.

mod backup_format;
mod backups;
mod canaries;
mod checked;
mod clocks;
mod copied;
mod deleted;
mod deletions;
mod downloads;
mod ends;
mod epochs;
mod failures;
mod grants;
mod janitor;
mod keys;
mod master;
mod model;
mod quotas;
mod restored;
mod sessions;
mod signed;
mod sweep;
mod tamper;
mod tokens;
mod uploads;
mod values;
mod wrapping;

use crate::{
    ring::Ring,
    rows,
    store::{
        Batch, Blob, BlobId, Blobs, Change, MAX_ROWS, MemoryStore, Row, RowAddress, RowKey, Rows,
        Store, Table, Write, WriteId, WriteOutcome,
        faults::{FailingStore, Fault, Operation},
    },
    stream, *,
};
use bytes::Bytes;
use lunadefend_core::{
    SessionId,
    provider::{BoxFuture, SecretValue, TokenId, UnixMillis},
    wire::{
        IdempotencyKey, InlineValue, MAX_INLINE, Metadata, ReadId, Reads, ValueKind, ValueLifetime,
    },
};
use lunadefend_testing::TestClock;
use secrecy::ExposeSecret;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

const START: UnixMillis = UnixMillis::new(1_795_392_000_000);
const MAX: u64 = 1024 * 1024;

/// So many milliseconds after the start.
fn later(millis: u64) -> UnixMillis {
    START + Duration::from_millis(millis)
}

fn at_start() -> TestClock {
    let clock = TestClock::new();
    clock.set(START);
    clock
}

/// A store that a test can look into, change and make fail.
type TestStore = FailingStore<MemoryStore>;

impl TestStore {
    /// The rows of a table that are there now.
    async fn rows(&self, table: Table) -> Vec<(RowAddress, Row)> {
        let mut rows: Vec<(RowAddress, Row)> = Vec::new();
        loop {
            let last = rows.last().map(|(at, _)| at.key);
            let page = self.inner().scan(table, last, MAX_ROWS).await.unwrap();
            let is_last = page.len() < MAX_ROWS;
            rows.extend(
                page.into_iter()
                    .map(|(key, held)| (RowAddress { table, key }, held.row)),
            );
            if is_last {
                return rows;
            }
        }
    }

    async fn row(&self, at: RowAddress) -> Option<Row> {
        let mut rows = self.inner().get_many(&[at]).await.unwrap();
        rows.pop().unwrap().map(|held| held.row)
    }

    async fn put(&self, at: RowAddress, row: Row) {
        self.change(at, Change::Delete).await;
        self.change(at, Change::Insert(row)).await;
    }

    async fn change(&self, at: RowAddress, change: Change) {
        let id = WriteId::new(lunadefend_crypto::random_bytes().unwrap());
        let batch = Batch::new(id, vec![Write { at, change }]).unwrap();
        let written = self.inner().write(&batch, UnixMillis::new(0)).await;
        assert_eq!(written.unwrap(), WriteOutcome::Applied);
    }

    /// The blobs that are there now, in order.
    async fn blobs(&self) -> Vec<BlobId> {
        let mut blobs: Vec<BlobId> = Vec::new();
        loop {
            let page = self.inner().list(blobs.last().copied(), MAX_ROWS).await;
            let page = page.unwrap();
            let is_last = page.len() < MAX_ROWS;
            blobs.extend(page);
            if is_last {
                return blobs;
            }
        }
    }

    /// The chunks that are there now, in order.
    async fn chunks(&self) -> Vec<(BlobId, u32)> {
        let mut chunks = Vec::new();
        for id in self.blobs().await {
            let count = self.parts(id).await.len() as u32;
            chunks.extend((0..count).map(|index| (id, index)));
        }
        chunks
    }

    /// The parts of a blob.
    async fn parts(&self, id: BlobId) -> Vec<Bytes> {
        let mut parts = Vec::new();
        while let Some(part) = self
            .inner()
            .read(whole(id), parts.len() as u32)
            .await
            .unwrap()
        {
            parts.push(part);
        }
        parts
    }

    /// All keys, rows and chunks, one after the other.
    async fn content(&self) -> Vec<u8> {
        let mut content = Vec::new();
        for table in Table::ALL {
            for (at, row) in self.rows(table).await {
                content.extend_from_slice(at.key.as_bytes());
                content.extend_from_slice(&row.value);
            }
        }
        for at in self.chunks().await {
            content.extend_from_slice(at.0.as_bytes());
            content.extend_from_slice(&self.chunk(at).await);
        }
        content
    }

    async fn chunk(&self, (id, index): (BlobId, u32)) -> Bytes {
        let chunk = self.inner().read(whole(id), index).await;
        chunk.unwrap().unwrap()
    }

    async fn set_chunk(&self, (id, index): (BlobId, u32), data: impl Into<Bytes>) {
        let mut parts = self.parts(id).await;
        parts[index as usize] = data.into();
        self.set_parts(id, parts).await;
    }

    async fn set_parts(&self, id: BlobId, parts: Vec<Bytes>) {
        self.inner().delete(id).await.unwrap();
        let mut writer = self.inner().create(whole(id)).await.unwrap();
        for part in parts {
            writer.write(part).await.unwrap();
        }
        writer.finish().await.unwrap();
    }
}

const fn whole(id: BlobId) -> Blob {
    Blob {
        id,
        part_bytes: stream::part_bytes(stream::CHUNK_SIZE),
    }
}

struct World {
    store: Arc<TestStore>,
    clock: TestClock,
    master: MasterKey,
    /// The one that `vault` may seal the keys with next.
    next_master: MasterKey,
    vault: Vault,
}

impl World {
    async fn new() -> Self {
        let store = Arc::new(TestStore::new(MemoryStore::default()));
        let clock = at_start();
        let (master, _) = MasterKey::generate().unwrap();
        let (next_master, _) = MasterKey::generate().unwrap();
        let masters = MasterKeys::from(&master).with_next(next_master.clone());
        let vault = Vault::open(store.clone(), masters, Arc::new(clock.clone()))
            .await
            .unwrap();
        Self {
            store,
            clock,
            master,
            next_master,
            vault,
        }
    }

    /// The same store as another process sees it.
    async fn reopen(&self, master: &MasterKey) -> Result<Vault, VaultError> {
        Vault::open(self.store.clone(), master, Arc::new(self.clock.clone())).await
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

    /// A request that may come again, for a small value that may be read a hundred times.
    async fn repeatable(
        &self,
        key: IdempotencyKey,
        value: &str,
    ) -> Result<Tokenized, TokenizeError> {
        let body = value.as_bytes();
        let request = Tokenization {
            value: Some(&inline(value)),
            reads: Reads::new(100),
            owner: Some(Owner {
                session: &session("ann"),
                granted_until: later(10_000),
                quota: None,
            }),
            repeatable: Some(Repeatable { key, body }),
            ..Tokenization::default()
        };
        self.vault.tokenize(&request).await
    }

    /// The value of a token for a session with a grant; as much of it as comes before an error.
    async fn read(&self, token: &TokenId) -> Result<Vec<u8>, VaultError> {
        let session = session("reader");
        let until = self.vault.now() + Duration::from_millis(1);
        self.vault.grant(&session, token, until).await?;
        let issued = self.vault.issue_download(&session, token, until).await?;
        let download = self.vault.open_download(&issued.unwrap()).await?;
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
    /// Deletes what has expired by a clock that the test is sure of, and sweeps all blobs; says how many
    /// rows that were.
    async fn purge_expired(&self) -> Result<usize, VaultError> {
        let rows = self.purge(self.now()).await?;
        let mut after = None;
        loop {
            after = self.sweep(after).await?.next;
            if after.is_none() {
                return Ok(rows);
            }
        }
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
    let issued = vault.issue_state(provider, StateHolder::Redirect).unwrap();
    let claims = vault.check_state(issued.state.expose_secret()).unwrap();
    (issued, claims)
}

fn session(id: &str) -> SessionId {
    SessionId::new(id).unwrap()
}

fn some_token() -> TokenId {
    TokenId::parse("lunasec-0a1b2c3d-1111-4222-8333-444455556666").unwrap()
}

fn inline(value: &str) -> InlineValue {
    InlineValue::new(SecretValue::new(value)).unwrap()
}

const fn counted(session: &SessionId, granted_until: UnixMillis, quota: Quota) -> Owner<'_> {
    Owner {
        session,
        granted_until,
        quota: Some(quota),
    }
}

fn upload_url(new: &NewToken, expires_at: UnixMillis) -> UploadUrl {
    UploadUrl {
        upload: new.upload,
        expires_at,
        max_length: MAX,
    }
}

fn metadata(json: &str) -> Metadata {
    Metadata::from_json(json).unwrap()
}
