//! Changes of rows, and their conditions.

use super::{MAX_ROWS, Row, RowAddress, StoredRow, WriteId};
use lunadefend_core::provider::UnixMillis;
use std::{collections::HashSet, fmt};

/// The outcome of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a batch in conflict wrote nothing"]
pub enum WriteOutcome {
    /// All of it is written and durable, now or by an earlier attempt.
    Applied,
    /// A condition did not hold; nothing is written.
    Conflict,
}

/// One change of one row.
#[derive(Clone, Debug)]
pub struct Write {
    /// The row.
    pub at: RowAddress,
    /// The change of the row.
    pub change: Change,
}

/// A change of a row, with its condition. `Debug` prints no content.
#[derive(Clone, Debug)]
pub enum Change {
    /// Writes a missing row; a live one is a conflict.
    Insert(Row),
    /// Writes the row in place of a live one with that version; anything else is a conflict.
    Replace {
        /// The version that the row must have now.
        expected: WriteId,
        /// The new row.
        row: Row,
    },
    /// Deletes the row; a missing one is no conflict.
    Delete,
}

impl Change {
    fn holds(&self, held: Option<&StoredRow>, now: UnixMillis) -> bool {
        let live = held.filter(|held| held.row.is_live(now));
        match self {
            Self::Insert(_) => live.is_none(),
            Self::Replace { expected, .. } => live.is_some_and(|held| held.written_by == *expected),
            Self::Delete => true,
        }
    }

    /// The bytes that it counts for in a batch.
    fn length(&self) -> usize {
        self.row().map_or(0, |row| row.value.len())
    }

    /// Returns the row to write; `None` for a deletion.
    #[must_use]
    pub const fn row(&self) -> Option<&Row> {
        match self {
            Self::Insert(row) | Self::Replace { row, .. } => Some(row),
            Self::Delete => None,
        }
    }
}

/// Changes that happen together or not at all.
///
/// It names no row twice and stays within the limits of every store: [`MAX_ROWS`] changes of together
/// [`MAX_BYTES`](Self::MAX_BYTES).
#[derive(Clone)]
pub struct Batch {
    id: WriteId,
    writes: Vec<Write>,
}

impl Batch {
    /// The maximum of bytes in all rows of a batch together: 4 MB, which fits into a DynamoDB transaction
    /// with its keys.
    pub const MAX_BYTES: usize = 4_000_000 - MAX_ROWS * 1024;

    /// Makes a batch. Give each batch a new `id`; to repeat a write, pass the same batch again.
    ///
    /// # Errors
    /// [`BatchError`].
    pub fn new(id: WriteId, writes: Vec<Write>) -> Result<Self, BatchError> {
        let mut seen = HashSet::with_capacity(writes.len());
        if !writes.iter().all(|write| seen.insert(write.at)) {
            return Err(BatchError::RowTwice);
        }
        let lengths = writes.iter().map(|write| write.change.length());
        let is_too_large = writes.len() > MAX_ROWS
            || lengths.clone().any(|length| length > Row::MAX_BYTES)
            || lengths.sum::<usize>() > Self::MAX_BYTES;
        if is_too_large {
            return Err(BatchError::TooLarge);
        }
        Ok(Self { id, writes })
    }

    /// Returns the version of the rows that it writes.
    #[must_use]
    pub const fn id(&self) -> WriteId {
        self.id
    }

    /// Returns the changes, each of another row.
    #[must_use]
    pub fn writes(&self) -> &[Write] {
        &self.writes
    }

    /// Judges the batch by the present rows, in the order of its [`writes`](Self::writes). For stores that
    /// read these rows and write in one transaction.
    pub fn judge(&self, held: &[Option<StoredRow>], now: UnixMillis) -> Judgement {
        let mut pairs = self.writes.iter().zip(
            held.iter()
                .map(Option::as_ref)
                .chain(std::iter::repeat(None)),
        );
        let is_own = |held: &StoredRow| held.written_by == self.id;
        if held.iter().flatten().any(is_own) {
            Judgement::AlreadyApplied
        } else if pairs.all(|(write, held)| write.change.holds(held, now)) {
            Judgement::Apply
        } else {
            Judgement::Conflict
        }
    }
}

/// Writes of different rows that are gathered as far as a batch goes.
#[derive(Default)]
pub(crate) struct Gathered {
    writes: Vec<Write>,
    bytes: usize,
}

impl Gathered {
    pub(crate) fn has_room_for(&self, change: &Change) -> bool {
        self.writes.len() < MAX_ROWS && self.bytes + change.length() <= Batch::MAX_BYTES
    }

    pub(crate) fn push(&mut self, write: Write) {
        self.bytes += write.change.length();
        self.writes.push(write);
    }

    /// Returns them, and begins anew.
    pub(crate) fn take(&mut self) -> Vec<Write> {
        std::mem::take(self).writes
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("writes", &self.writes)
            .finish_non_exhaustive()
    }
}

/// The store's action for a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Judgement {
    /// Make all changes.
    Apply,
    /// Change nothing: an earlier attempt of this batch did it.
    AlreadyApplied,
    /// Change nothing: a condition does not hold.
    Conflict,
}

impl Judgement {
    /// Returns the outcome for the caller, once the store has acted.
    pub const fn outcome(self) -> WriteOutcome {
        match self {
            Self::Apply | Self::AlreadyApplied => WriteOutcome::Applied,
            Self::Conflict => WriteOutcome::Conflict,
        }
    }
}

/// Why changes cannot form a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// A row is named twice.
    #[error("a batch must name a row only once")]
    RowTwice,
    /// Too many changes, or too many bytes in one row or in all.
    #[error("what is to be stored together is too large")]
    TooLarge,
}
