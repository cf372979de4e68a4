//! What the writing thread does, one after the other.

use crate::apply::Transaction;
use lunadefend_vault::store::StoreError;

/// How many bytes of parts and rows one transaction takes at most.
pub(crate) const MAX_GROUP_BYTES: usize = 8 * 1024 * 1024;

/// How many bytes of parts may be without a commit that is durable. redb has a few numbers of each in memory; the parts are in
/// the file, and on their way to the disk.
pub(crate) const MAX_VOLATILE_BYTES: usize = 64 * 1024 * 1024;

/// How many bytes a job writes, about, and whether it needs an `fsync` of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    /// It is acknowledged when it is durable.
    Durable(usize),
    /// A part of a value: the end of the value makes it durable.
    Part(usize),
    /// The end of a value: whatever is not durable yet must become so.
    Flush,
}

impl Weight {
    pub(crate) const fn bytes(self) -> usize {
        match self {
            Self::Durable(bytes) | Self::Part(bytes) => bytes,
            Self::Flush => 0,
        }
    }
}

/// Something to do in a transaction, and somebody who waits for what came of it.
pub(crate) trait Job: Send {
    fn weight(&self) -> Weight;

    /// Does it; what came of it is told once the transaction is committed.
    fn run(&mut self, transaction: &mut Transaction<'_>) -> Result<(), redb::Error>;

    /// Tells it, or why the transaction failed.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}
