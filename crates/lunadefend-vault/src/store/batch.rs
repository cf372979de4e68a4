//! Changes of rows, and what they depend on.

use super::{MAX_ROWS, Row, RowAddress, StoredRow, WriteId};
use lunadefend_core::provider::UnixMillis;
use std::{collections::HashSet, fmt};

/// What became of a batch.
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
    /// What becomes of it.
    pub change: Change,
}

/// What becomes of a row, and on which condition. `Debug` prints no content.
#[derive(Clone, Debug)]
pub enum Change {
    /// Writes the row where there is none; a live one is a conflict.
    Insert(Row),
    /// Writes the row in place of a live one with that version; anything else is a conflict.
    Replace {
        /// The version that must be there now.
        expected: WriteId,
        /// What to write.
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

    /// What is to be written; `None`: the row is to be deleted.
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
/// It names no row twice and is never larger than every store takes: [`MAX_ROWS`] changes with
/// together [`MAX_BYTES`](Self::MAX_BYTES).
#[derive(Clone)]
pub struct Batch {
    id: WriteId,
    writes: Vec<Write>,
}

impl Batch {
    /// How many bytes the rows of a batch may have together: 4 MB, which fits into a transaction of
    /// DynamoDB with its keys.
    pub const MAX_BYTES: usize = 4_000_000 - MAX_ROWS * 1024;

    /// Makes a batch. `id` is new for each one: repeating a write is passing the same batch again.
    ///
    /// # Errors
    /// [`BatchError`].
    pub fn new(id: WriteId, writes: Vec<Write>) -> Result<Self, BatchError> {
        let mut seen = HashSet::with_capacity(writes.len());
        if !writes.iter().all(|write| seen.insert(write.at)) {
            return Err(BatchError::RowTwice);
        }
        let lengths = writes
            .iter()
            .map(|write| write.change.row().map_or(0, |row| row.value.len()));
        let is_too_large = writes.len() > MAX_ROWS
            || lengths.clone().any(|length| length > Row::MAX_BYTES)
            || lengths.sum::<usize>() > Self::MAX_BYTES;
        if is_too_large {
            return Err(BatchError::TooLarge);
        }
        Ok(Self { id, writes })
    }

    /// The version of the rows that it writes.
    #[must_use]
    pub const fn id(&self) -> WriteId {
        self.id
    }

    /// The changes, each of another row.
    #[must_use]
    pub fn writes(&self) -> &[Write] {
        &self.writes
    }

    /// Judges the batch by the rows that are there, in the order of its [`writes`](Self::writes): for
    /// stores that read these rows and write in one transaction.
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

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("writes", &self.writes)
            .finish_non_exhaustive()
    }
}

/// What a store does with a batch.
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
    /// What the caller is told once that was done.
    pub const fn outcome(self) -> WriteOutcome {
        match self {
            Self::Apply | Self::AlreadyApplied => WriteOutcome::Applied,
            Self::Conflict => WriteOutcome::Conflict,
        }
    }
}

/// Why changes are no batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// A row is named twice.
    #[error("a batch must name a row only once")]
    RowTwice,
    /// There are too many changes, or a row or all of them have too many bytes.
    #[error("what is to be stored together is too large")]
    TooLarge,
}
