//! A store with a defect is caught, and the same store without it is not.

use crate::clients::{Process, Scene};
use lunadefend_tests::TestClock;
use lunadefend_vault::{
    MasterKey, Vault,
    store::{
        Batch, Blob, BlobId, BlobWriter, Blobs, Bytes, MemoryStore, Row, RowAddress, RowKey, Rows,
        Store, StoreFuture, StoredRow, Table, UnixMillis, WriteId, WriteOutcome,
    },
};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::task::yield_now;

/// How many histories there are, each of a token of its own.
const HISTORIES: u64 = 12;

/// What is wrong with a store.
#[derive(Clone, Copy, Debug)]
enum Defect {
    Nothing,
    /// Every second read of such a row finds it as it was before its last write.
    StaleRead(Table),
    /// Every second write of such a row is acknowledged, and lost.
    LostWrite(Table),
}

#[derive(Debug)]
struct DefectiveStore {
    inner: Arc<MemoryStore>,
    defect: Defect,
    /// How often the defect could have shown.
    times: AtomicUsize,
    /// What rows were before their last write.
    earlier: Mutex<HashMap<RowAddress, Option<StoredRow>>>,
}

impl DefectiveStore {
    fn is_time(&self) -> bool {
        self.times.fetch_add(1, Ordering::Relaxed).is_multiple_of(2)
    }

    fn loses(&self, mut at: impl Iterator<Item = RowAddress>) -> bool {
        match self.defect {
            Defect::LostWrite(table) => at.any(|at| at.table == table) && self.is_time(),
            Defect::Nothing | Defect::StaleRead(_) => false,
        }
    }

    /// Remembers the rows that are about to be written.
    async fn remember(&self, at: Vec<RowAddress>) {
        let rows = self.inner.get_many(&at).await.unwrap();
        self.earlier
            .lock()
            .unwrap()
            .extend(at.into_iter().zip(rows));
    }
}

impl Rows for DefectiveStore {
    fn get_many<'a>(&'a self, at: &'a [RowAddress]) -> StoreFuture<'a, Vec<Option<StoredRow>>> {
        Box::pin(async move {
            // Others have their turn, as they do while a database is asked.
            yield_now().await;
            let mut rows = self.inner.get_many(at).await?;
            if let Defect::StaleRead(table) = self.defect {
                for (row, at) in rows.iter_mut().zip(at) {
                    let earlier = self.earlier.lock().unwrap().get(at).cloned();
                    if let Some(earlier) = earlier
                        && at.table == table
                        && self.is_time()
                    {
                        *row = earlier;
                    }
                }
            }
            Ok(rows)
        })
    }

    fn write<'a>(&'a self, batch: &'a Batch, now: UnixMillis) -> StoreFuture<'a, WriteOutcome> {
        Box::pin(async move {
            yield_now().await;
            let at = || batch.writes().iter().map(|write| write.at);
            if self.loses(at()) {
                return Ok(WriteOutcome::Applied);
            }
            self.remember(at().collect()).await;
            self.inner.write(batch, now).await
        })
    }

    fn raise_expiry<'a>(
        &'a self,
        id: WriteId,
        rows: &'a [(RowAddress, Row)],
        now: UnixMillis,
    ) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            yield_now().await;
            let at = || rows.iter().map(|(at, _)| *at);
            if self.loses(at()) {
                return Ok(());
            }
            self.remember(at().collect()).await;
            self.inner.raise_expiry(id, rows, now).await
        })
    }

    fn scan(
        &self,
        table: Table,
        after: Option<RowKey>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<(RowKey, StoredRow)>> {
        self.inner.scan(table, after, limit)
    }

    fn purge_expired(&self, now: UnixMillis, limit: usize) -> StoreFuture<'_, usize> {
        self.inner.purge_expired(now, limit)
    }
}

impl Blobs for DefectiveStore {
    fn create(&self, blob: Blob) -> StoreFuture<'_, Box<dyn BlobWriter>> {
        self.inner.create(blob)
    }

    fn read(&self, blob: Blob, part: u32) -> StoreFuture<'_, Option<Bytes>> {
        self.inner.read(blob, part)
    }

    fn delete(&self, blob: BlobId) -> StoreFuture<'_, ()> {
        self.inner.delete(blob)
    }

    fn list(&self, after: Option<BlobId>, limit: usize) -> StoreFuture<'_, Vec<BlobId>> {
        self.inner.list(after, limit)
    }
}

impl Store for DefectiveStore {
    fn check(&self) -> StoreFuture<'_, ()> {
        self.inner.check()
    }
}

/// How many of the histories are not linearizable. One thread runs the clients in turns, so it is always the same.
async fn caught(defect: Defect) -> usize {
    let inner = Arc::new(MemoryStore::default());
    let (key, _) = MasterKey::generate().unwrap();
    let open = async |store: Arc<dyn Store>| Process {
        vault: Vault::open(store, &key, Arc::new(TestClock::new()))
            .await
            .unwrap(),
        line: None,
    };
    // The ring and the tokens are there, whatever the defect.
    let own = open(inner.clone()).await;
    let store = Arc::new(DefectiveStore {
        inner,
        defect,
        times: AtomicUsize::default(),
        earlier: Mutex::default(),
    });
    let processes = [
        open(store.clone()).await,
        open(store.clone()).await,
        open(store).await,
    ];
    let mut caught = 0;
    for seed in 0..HISTORIES {
        let scene = Scene::new(&own.vault, seed).await;
        let record = scene.play(&processes, &own).await;
        caught += usize::from(!record.is_linearizable());
    }
    println!("{defect:?}: {caught} of {HISTORIES}, by the seeds from 0");
    caught
}

#[tokio::test]
async fn a_store_without_a_defect_is_not_caught() {
    assert_eq!(caught(Defect::Nothing).await, 0);
}

#[tokio::test]
async fn a_stale_read_is_caught() {
    for table in [Table::Grant, Table::Token] {
        assert!(caught(Defect::StaleRead(table)).await > 0, "{table:?}");
    }
}

#[tokio::test]
async fn a_lost_write_is_caught() {
    for table in [Table::Grant, Table::Token, Table::Reads] {
        assert!(caught(Defect::LostWrite(table)).await > 0, "{table:?}");
    }
}
