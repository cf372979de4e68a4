//! The plan of faults: which call fails, and how.

use crate::store::{StoreError, StoreFuture};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// An operation of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// [`Store::check`](crate::store::Store::check).
    Check,
    /// [`Store::check_room`](crate::store::Store::check_room).
    CheckRoom,
    /// [`Rows::get_many`](crate::store::Rows::get_many).
    GetMany,
    /// [`Rows::write`](crate::store::Rows::write).
    Write,
    /// [`Rows::raise_expiry`](crate::store::Rows::raise_expiry).
    RaiseExpiry,
    /// [`Rows::scan`](crate::store::Rows::scan).
    Scan,
    /// [`Rows::purge_expired`](crate::store::Rows::purge_expired).
    PurgeExpired,
    /// [`Blobs::create`](crate::store::Blobs::create).
    Create,
    /// [`BlobWriter::write`](crate::store::BlobWriter::write).
    WritePart,
    /// [`BlobWriter::finish`](crate::store::BlobWriter::finish).
    Finish,
    /// [`Blobs::read`](crate::store::Blobs::read).
    Read,
    /// [`Blobs::delete`](crate::store::Blobs::delete).
    Delete,
    /// [`Blobs::list`](crate::store::Blobs::list).
    List,
}

/// The fault of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It does nothing and fails with [`StoreError::Unavailable`].
    Before,
    /// It succeeds, but its outcome is lost: [`StoreError::Unknown`], or for a read
    /// [`StoreError::Unavailable`].
    After,
    /// A [`Write`](Operation::Write) does nothing and is a conflict. It does not affect other operations.
    Conflict,
    /// It does nothing and fails with [`StoreError::Full`].
    Full,
    /// It waits until [`clear`](super::FailingStore::clear) is called, and then goes on.
    Stall,
}

/// The cause of a planned failure.
#[derive(Debug, thiserror::Error)]
#[error("a planned fault")]
struct Planned;

#[derive(Debug, Default)]
pub(super) struct Plan {
    state: Mutex<State>,
    /// The number of times that waiting calls were told to go on.
    resumed: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    rules: Vec<Rule>,
    calls: Vec<Operation>,
    stalled: usize,
}

#[derive(Debug)]
struct Rule {
    operation: Option<Operation>,
    skip: usize,
    fault: Fault,
    once: bool,
}

impl Plan {
    pub(super) fn add(&self, operation: Option<Operation>, skip: usize, fault: Fault, once: bool) {
        self.lock().rules.push(Rule {
            operation,
            skip,
            fault,
            once,
        });
    }

    pub(super) fn clear(&self) -> usize {
        self.resumed.send_modify(|times| *times += 1);
        self.lock().rules.drain(..).filter(|rule| rule.once).count()
    }

    pub(super) fn stalled(&self) -> usize {
        self.lock().stalled
    }

    pub(super) fn take_calls(&self) -> Vec<Operation> {
        std::mem::take(&mut self.lock().calls)
    }

    /// Runs a call that changes nothing.
    pub(super) fn read<'a, T: Send + 'a>(
        &'a self,
        operation: Operation,
        call: StoreFuture<'a, T>,
    ) -> StoreFuture<'a, T> {
        self.run(operation, call, None, StoreError::unavailable)
    }

    /// Runs a call that changes something. `conflict` is its outcome for a conflict.
    pub(super) fn change<'a, T: Send + 'a>(
        &'a self,
        operation: Operation,
        call: StoreFuture<'a, T>,
        conflict: Option<T>,
    ) -> StoreFuture<'a, T> {
        self.run(operation, call, conflict, StoreError::unknown)
    }

    fn run<'a, T: Send + 'a>(
        &'a self,
        operation: Operation,
        call: StoreFuture<'a, T>,
        conflict: Option<T>,
        lost: fn(Planned) -> StoreError,
    ) -> StoreFuture<'a, T> {
        Box::pin(async move {
            let fault = self.next(operation);
            match (fault, conflict) {
                (Some(Fault::Before), _) => Err(StoreError::unavailable(Planned)),
                (Some(Fault::Full), _) => Err(StoreError::Full),
                (Some(Fault::Conflict), Some(conflict)) => Ok(conflict),
                (Some(Fault::After), _) => {
                    call.await?;
                    Err(lost(Planned))
                }
                (Some(Fault::Stall), _) => {
                    self.wait().await;
                    call.await
                }
                (None | Some(Fault::Conflict), _) => call.await,
            }
        })
    }

    fn next(&self, operation: Operation) -> Option<Fault> {
        let mut state = self.lock();
        state.calls.push(operation);
        let mut met = None;
        state.rules.retain_mut(|rule| {
            let is_meant = rule.operation.is_none_or(|of| of == operation);
            if !is_meant || met.is_some() {
                return true;
            }
            if rule.skip > 0 {
                rule.skip -= 1;
                return true;
            }
            met = Some(rule.fault);
            !rule.once
        });
        met
    }

    async fn wait(&self) {
        let mut resumed = self.resumed.subscribe();
        let _stalled = Stalled::new(self);
        // The sender lives as long as the plan.
        let _ = resumed.changed().await;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts a waiting call, even if its caller gives up.
struct Stalled<'a>(&'a Plan);

impl<'a> Stalled<'a> {
    fn new(plan: &'a Plan) -> Self {
        plan.lock().stalled += 1;
        Self(plan)
    }
}

impl Drop for Stalled<'_> {
    fn drop(&mut self) {
        self.0.lock().stalled -= 1;
    }
}
