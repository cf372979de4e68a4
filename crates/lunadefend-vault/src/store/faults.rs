//! A store that fails on a test's plan.

mod plan;

pub use plan::{Fault, Operation};

use super::{
    Batch, Blob, BlobId, BlobWriter, Blobs, Commits, Row, RowAddress, RowKey, Rows, Snapshot,
    Store, StoreFuture, StoredRow, Table, WriteId, WriteOutcome,
};
use bytes::Bytes;
use lunadefend_core::provider::UnixMillis;
use plan::Plan;
use std::sync::{Arc, Mutex, PoisonError};

/// A wrapper of a store whose calls fail, conflict or wait on a test's plan. It uses no clock and no
/// randomness: the same test meets the same faults.
///
/// ```
/// use lunadefend_vault::store::{
///     MemoryStore, Store, StoreError,
///     faults::{FailingStore, Fault, Operation},
/// };
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let store = FailingStore::new(MemoryStore::default());
/// // The second check from now on.
/// store.plan(Operation::Check, 1, Fault::Before);
/// assert!(store.check().await.is_ok());
/// assert!(matches!(store.check().await, Err(StoreError::Unavailable(_))));
/// assert!(store.check().await.is_ok());
/// # }
/// ```
#[derive(Debug)]
pub struct FailingStore<S> {
    inner: S,
    plan: Arc<Plan>,
    time: Mutex<Option<UnixMillis>>,
    has_snapshots: bool,
}

impl<S> FailingStore<S> {
    /// Wraps a store; nothing fails until a test plans it.
    #[must_use]
    pub fn new(inner: S) -> Self {
        Self {
            inner,
            plan: Arc::default(),
            time: Mutex::default(),
            has_snapshots: true,
        }
    }

    /// Returns the same store without snapshots, as one that has backups of its own.
    #[must_use]
    pub fn without_snapshots(self) -> Self {
        Self {
            has_snapshots: false,
            ..self
        }
    }

    /// Gives the store a clock of its own, which stands still.
    pub fn set_time(&self, time: UnixMillis) {
        *self.time.lock().unwrap_or_else(PoisonError::into_inner) = Some(time);
    }

    /// Returns the wrapped store, which never fails by plan.
    pub const fn inner(&self) -> &S {
        &self.inner
    }

    /// Plans a fault for one call of an operation, after `skip` other calls of it.
    pub fn plan(&self, operation: Operation, skip: usize, fault: Fault) {
        self.plan.add(Some(operation), skip, fault, true);
    }

    /// Plans a fault for one call of any operation, after `skip` other calls.
    pub fn plan_any(&self, skip: usize, fault: Fault) {
        self.plan.add(None, skip, fault, true);
    }

    /// Plans a fault for every call of an operation from now on.
    pub fn plan_all(&self, operation: Operation, fault: Fault) {
        self.plan.add(Some(operation), 0, fault, false);
    }

    /// Forgets all plans and lets waiting calls go on. Returns the number of planned faults that no call met.
    pub fn clear(&self) -> usize {
        self.plan.clear()
    }

    /// Returns the number of calls that wait because of a [`Fault::Stall`].
    #[must_use]
    pub fn stalled(&self) -> usize {
        self.plan.stalled()
    }

    /// Returns the calls since the last time, or since it was made, in the order in which they began.
    #[must_use]
    pub fn take_calls(&self) -> Vec<Operation> {
        self.plan.take_calls()
    }
}

impl<S: Store> Store for FailingStore<S> {
    fn check(&self) -> StoreFuture<'_, ()> {
        self.plan.read(Operation::Check, self.inner.check())
    }

    fn check_room(&self) -> StoreFuture<'_, ()> {
        self.plan
            .read(Operation::CheckRoom, self.inner.check_room())
    }

    fn commits(&self) -> Option<Commits> {
        self.inner.commits()
    }

    /// The snapshot itself never fails by plan.
    fn snapshot(&self) -> StoreFuture<'_, Option<Arc<dyn Snapshot>>> {
        match self.has_snapshots {
            true => self.inner.snapshot(),
            false => Box::pin(async { Ok(None) }),
        }
    }
}

impl<S: Store> Rows for FailingStore<S> {
    fn get_many<'a>(&'a self, at: &'a [RowAddress]) -> StoreFuture<'a, Vec<Option<StoredRow>>> {
        self.plan.read(Operation::GetMany, self.inner.get_many(at))
    }

    fn write<'a>(&'a self, batch: &'a Batch, now: UnixMillis) -> StoreFuture<'a, WriteOutcome> {
        let write = self.inner.write(batch, now);
        let conflict = Some(WriteOutcome::Conflict);
        self.plan.change(Operation::Write, write, conflict)
    }

    fn raise_expiry<'a>(
        &'a self,
        id: WriteId,
        rows: &'a [(RowAddress, Row)],
        now: UnixMillis,
    ) -> StoreFuture<'a, ()> {
        let raise = self.inner.raise_expiry(id, rows, now);
        self.plan.change(Operation::RaiseExpiry, raise, None)
    }

    fn scan(
        &self,
        table: Table,
        after: Option<RowKey>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<(RowKey, StoredRow)>> {
        let scan = self.inner.scan(table, after, limit);
        self.plan.read(Operation::Scan, scan)
    }

    fn purge_expired(&self, now: UnixMillis, limit: usize) -> StoreFuture<'_, usize> {
        let purge = self.inner.purge_expired(now, limit);
        self.plan.change(Operation::PurgeExpired, purge, None)
    }

    fn time(&self) -> StoreFuture<'_, Option<UnixMillis>> {
        let time = *self.time.lock().unwrap_or_else(PoisonError::into_inner);
        Box::pin(async move {
            match time {
                Some(time) => Ok(Some(time)),
                None => self.inner.time().await,
            }
        })
    }
}

impl<S: Store> Blobs for FailingStore<S> {
    fn create(&self, blob: Blob) -> StoreFuture<'_, Box<dyn BlobWriter>> {
        let create = self.inner.create(blob);
        let plan = Arc::clone(&self.plan);
        let create: StoreFuture<'_, Box<dyn BlobWriter>> = Box::pin(async move {
            let inner = create.await?;
            Ok(Box::new(FailingWriter { inner, plan }) as Box<dyn BlobWriter>)
        });
        self.plan.change(Operation::Create, create, None)
    }

    fn read(&self, blob: Blob, part: u32) -> StoreFuture<'_, Option<Bytes>> {
        self.plan.read(Operation::Read, self.inner.read(blob, part))
    }

    fn delete(&self, blob: BlobId) -> StoreFuture<'_, ()> {
        let delete = self.inner.delete(blob);
        self.plan.change(Operation::Delete, delete, None)
    }

    fn list(&self, after: Option<BlobId>, limit: usize) -> StoreFuture<'_, Vec<BlobId>> {
        self.plan
            .read(Operation::List, self.inner.list(after, limit))
    }
}

#[derive(Debug)]
struct FailingWriter {
    inner: Box<dyn BlobWriter>,
    plan: Arc<Plan>,
}

impl BlobWriter for FailingWriter {
    fn write(&mut self, part: Bytes) -> StoreFuture<'_, ()> {
        let write = self.inner.write(part);
        self.plan.change(Operation::WritePart, write, None)
    }

    fn finish(self: Box<Self>) -> StoreFuture<'static, ()> {
        let Self { inner, plan } = *self;
        Box::pin(async move { plan.change(Operation::Finish, inner.finish(), None).await })
    }
}
