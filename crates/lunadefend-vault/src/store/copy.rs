//! A store is copied into another one.

mod blobs;
mod pairs;

use super::{
    Batch, Change, Gathered, MAX_ROWS, Row, RowAddress, RowKey, Store, StoreError, StoredRow,
    Table, Write, WriteId, WriteOutcome,
};
use crate::ring::Ring;
use bytes::Bytes;
use lunadefend_core::provider::UnixMillis;
use lunadefend_crypto::{CryptoError, random_bytes, sha256};
use pairs::{Pair, Pairs};

/// At this time no row has expired: a copy judges nothing by a clock.
const NEVER: UnixMillis = UnixMillis::new(0);

/// What a copy has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Copied {
    /// Rows that were written to the target, or deleted in it.
    pub rows: u64,
    /// Rows of the source that the target had already.
    pub rows_there: u64,
    /// Values that are no rows, and were written.
    pub values: u64,
    /// Such values that the target had already.
    pub values_there: u64,
}

/// Why a copy cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CopyError {
    /// The source failed.
    #[error("the store that is copied failed; run the copy again, and it goes on")]
    Source(#[source] StoreError),
    /// The target failed.
    #[error("the store that is written failed; run the copy again, and it goes on")]
    Target(#[source] StoreError),
    /// The source has no key ring.
    #[error("there is nothing to copy: the store has no key ring, or is an unfinished copy itself")]
    NoStore,
    /// The target has something else in it.
    #[error("the target is not empty: name an empty store, or the one that this copy was begun to")]
    Occupied,
    /// The source has changed, or the target.
    #[error(
        "the stores differ after the copy, so one of them is in use: stop its tokenizers, then run the copy again"
    )]
    InUse,
    /// No random number could be made.
    #[error("the system gives no random numbers")]
    Random(#[from] CryptoError),
}

/// Copies all rows and values of a store that nobody uses into an empty one, and then compares all of them.
///
/// A copy that was broken off is run again: it passes over what is there. Until it is complete the target has no key
/// ring, and no vault opens it. `progress` hears what was done so far, about once for each 100 rows.
///
/// # Errors
/// [`CopyError`].
///
/// # Security
/// Nothing is opened: rows and values go over as they are sealed, under the same master key.
pub async fn copy(
    source: &dyn Store,
    target: &dyn Store,
    mut progress: impl FnMut(Copied),
) -> Result<Copied, CopyError> {
    let ring = Ring::own_address();
    let [held, unfinished] = two(source, [ring, mark()])
        .await
        .map_err(CopyError::Source)?;
    let held = held.filter(|_| unfinished.is_none());
    let held = held.ok_or(CopyError::NoStore)?.row;
    begin(target, sha256(&held.value)).await?;
    let done = contents(source, target, &Table::ALL, &mut progress).await?;
    let end = vec![
        write(ring, Change::Insert(held)),
        write(mark(), Change::Delete),
    ];
    apply(target, end).await?;
    Ok(done)
}

/// Copies the rows of these tables and all values but the key ring, and compares them.
pub(crate) async fn contents(
    source: &dyn Store,
    target: &dyn Store,
    tables: &[Table],
    progress: &mut impl FnMut(Copied),
) -> Result<Copied, CopyError> {
    let mut done = Copied::default();
    for table in tables {
        rows(source, target, *table, &mut done, progress).await?;
    }
    blobs::copy(source, target, &mut done, progress).await?;

    let mut compared = true;
    for table in tables {
        compared &= are_equal(source, target, *table).await?;
    }
    match compared && blobs::are_equal(source, target).await? {
        true => Ok(done),
        false => Err(CopyError::InUse),
    }
}

/// Marks the target as a copy of what has this id, or finds it marked so.
pub(crate) async fn begin(target: &dyn Store, of: [u8; 32]) -> Result<(), CopyError> {
    let [held, unfinished] = two(target, [Ring::own_address(), mark()])
        .await
        .map_err(CopyError::Target)?;
    let id = Bytes::copy_from_slice(&of);
    match (held, unfinished) {
        (None, Some(begun)) if begun.row.value == id => Ok(()),
        (None, None) if is_empty(target).await.map_err(CopyError::Target)? => {
            let begun = Change::Insert(Row::lasting(id));
            apply(target, vec![write(mark(), begun)]).await
        }
        _ => Err(CopyError::Occupied),
    }
}

async fn is_empty(store: &dyn Store) -> Result<bool, StoreError> {
    for table in Table::ALL {
        if !store.scan(table, None, 1).await?.is_empty() {
            return Ok(false);
        }
    }
    Ok(store.list(None, 1).await?.is_empty())
}

/// The row that marks an unfinished copy: a vault opens no store that has it.
pub(crate) fn mark() -> RowAddress {
    RowAddress {
        table: Table::KeyRing,
        key: RowKey::new(sha256(b"lunadefend unfinished copy")),
    }
}

/// Returns whether the key is that of a row which a copy writes at its beginning or end.
fn is_own(at: RowAddress) -> bool {
    at == mark() || at == Ring::own_address()
}

async fn rows(
    source: &dyn Store,
    target: &dyn Store,
    table: Table,
    done: &mut Copied,
    progress: &mut impl FnMut(Copied),
) -> Result<(), CopyError> {
    let mut pairs = Pairs::new(source, target, table);
    let mut changes = Gathered::default();
    while let Some(Pair {
        at,
        source,
        target: held,
    }) = pairs.next().await?
    {
        let change = match (source, held) {
            (None, None) => continue,
            (Some(row), Some(held)) if row == held.row => {
                done.rows_there += 1;
                if done.rows_there.is_multiple_of(MAX_ROWS as u64) {
                    progress(*done);
                }
                continue;
            }
            (Some(row), None) => Change::Insert(row),
            (Some(row), Some(StoredRow { written_by, .. })) => Change::Replace {
                expected: written_by,
                row,
            },
            (None, Some(_)) => Change::Delete,
        };
        if !changes.has_room_for(&change) {
            apply_gathered(target, &mut changes, done).await?;
            progress(*done);
        }
        changes.push(write(at, change));
    }
    apply_gathered(target, &mut changes, done).await?;
    progress(*done);
    Ok(())
}

async fn are_equal(
    source: &dyn Store,
    target: &dyn Store,
    table: Table,
) -> Result<bool, CopyError> {
    let mut pairs = Pairs::new(source, target, table);
    while let Some(pair) = pairs.next().await? {
        if pair.source != pair.target.map(|held| held.row) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Writes to the target what was gathered.
async fn apply_gathered(
    target: &dyn Store,
    changes: &mut Gathered,
    done: &mut Copied,
) -> Result<(), CopyError> {
    let writes = changes.take();
    let count = writes.len() as u64;
    apply(target, writes).await?;
    done.rows += count;
    Ok(())
}

const fn write(at: RowAddress, change: Change) -> Write {
    Write { at, change }
}

/// Writes to a store that nobody else uses.
pub(crate) async fn apply(target: &dyn Store, writes: Vec<Write>) -> Result<(), CopyError> {
    let batch = Batch::new(WriteId::new(random_bytes()?), writes).map_err(|_| {
        // A row that a store gave out fits into a batch.
        CopyError::Source(StoreError::Corrupt(None))
    })?;
    let outcome = match target.write(&batch, NEVER).await {
        Err(StoreError::Unknown(_)) => target.write(&batch, NEVER).await,
        outcome => outcome,
    };
    match outcome.map_err(CopyError::Target)? {
        WriteOutcome::Applied => Ok(()),
        WriteOutcome::Conflict => Err(CopyError::InUse),
    }
}

async fn two(store: &dyn Store, at: [RowAddress; 2]) -> Result<[Option<StoredRow>; 2], StoreError> {
    let rows = store.get_many(&at).await?;
    rows.try_into().map_err(|_| StoreError::Corrupt(None))
}
