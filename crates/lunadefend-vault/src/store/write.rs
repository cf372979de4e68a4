//! Changes of rows, and what they depend on.

use super::{Row, RowKey, StoreError, Table};
use bytes::Bytes;
use std::{collections::HashSet, fmt};

/// What became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a batch in conflict wrote nothing"]
pub enum Written {
    /// All of it is written and durable.
    Done,
    /// A condition did not hold; nothing is written.
    Conflict,
}

/// One change of one row. `Debug` prints its kind and its table.
#[derive(Clone)]
pub enum Write {
    /// Writes a row where there is none; a live one is a conflict.
    Insert {
        /// The table.
        table: Table,
        /// The key of the row.
        key: RowKey,
        /// What to write.
        row: Row,
    },
    /// Writes a row, whatever was there.
    Put {
        /// The table.
        table: Table,
        /// The key of the row.
        key: RowKey,
        /// What to write.
        row: Row,
    },
    /// Compare and swap: writes a row in place of a live one with the expected value; anything else
    /// is a conflict.
    Replace {
        /// The table.
        table: Table,
        /// The key of the row.
        key: RowKey,
        /// The value that must be there now.
        expected: Bytes,
        /// What to write.
        row: Row,
    },
    /// Writes a row unless a live one is there that expires at the same time or later.
    RaiseExpiry {
        /// The table.
        table: Table,
        /// The key of the row.
        key: RowKey,
        /// What to write.
        row: Row,
    },
    /// Deletes a row; none there is no conflict.
    Delete {
        /// The table.
        table: Table,
        /// The key of the row.
        key: RowKey,
    },
}

impl fmt::Debug for Write {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Self::Insert { .. } => "Insert",
            Self::Put { .. } => "Put",
            Self::Replace { .. } => "Replace",
            Self::RaiseExpiry { .. } => "RaiseExpiry",
            Self::Delete { .. } => "Delete",
        };
        f.debug_struct(kind)
            .field("table", &self.table())
            .finish_non_exhaustive()
    }
}

impl Write {
    /// The table that is written to.
    #[must_use]
    pub const fn table(&self) -> Table {
        match self {
            Self::Insert { table, .. }
            | Self::Put { table, .. }
            | Self::Replace { table, .. }
            | Self::RaiseExpiry { table, .. }
            | Self::Delete { table, .. } => *table,
        }
    }

    /// The key of the row.
    #[must_use]
    pub const fn key(&self) -> &RowKey {
        match self {
            Self::Insert { key, .. }
            | Self::Put { key, .. }
            | Self::Replace { key, .. }
            | Self::RaiseExpiry { key, .. }
            | Self::Delete { key, .. } => key,
        }
    }
}

/// Refuses a batch that names a row twice; for implementations of [`Store::write`](super::Store::write).
///
/// # Errors
/// [`StoreError::RowTwice`].
pub fn check_batch(batch: &[Write]) -> Result<(), StoreError> {
    let mut seen = HashSet::with_capacity(batch.len());
    if batch
        .iter()
        .all(|write| seen.insert((write.table(), write.key())))
    {
        Ok(())
    } else {
        Err(StoreError::RowTwice)
    }
}
