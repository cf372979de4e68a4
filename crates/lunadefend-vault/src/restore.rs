//! A store is restored from a backup, and what must not come back with it is refused.
//!
//! The store of a backup does not know what happened after it: which sessions ended, which grants were revoked, which
//! states and JWTs were used, which values were read, which tokens were deleted. So grants, browser sessions and uploads
//! are dropped. The key of states and URLs is replaced, which refuses all of them. What was deleted is deleted again, by
//! the [lists](crate::DeletionList). A row keeps the time, up to which a tokenizer refuses JWTs, and values whose reads
//! are counted.
//!
//! Until all of that is done, a mark keeps every vault from opening the store, as for a copy.

mod lists;

use crate::{
    BackupFile, MasterKeys, VaultError,
    delete::{ROWS, end_of},
    deletions::Deletion,
    keys::OpenRing,
    ring::Ring,
    rows::{
        token::{MadeToken, TokenRow},
        upkeep,
    },
    store::{
        Copied, CopyError, MAX_ROWS, Row, RowAddress, Store, StoreError, StoredRow, Table, apply,
        begin, contents, copy_mark,
    },
    vault::{delete, insert, put, stored_ring},
};
use lists::Lists;
use lunadefend_core::provider::{Clock, UnixMillis};
use lunadefend_crypto::{length_prefixed, sha256};
use std::{io, path::PathBuf};

/// At this time no row has expired: a restore judges nothing by a clock.
const NEVER: UnixMillis = UnixMillis::new(0);

/// What gives access, and may have been taken back after the backup.
const DROPPED: [Table; 4] = [Table::Grant, Table::Session, Table::Upload, Table::Download];

/// What a restore has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Restored {
    /// What was copied from the backup; nothing of a store that was restored by other means.
    pub copied: Copied,
    /// The rows of grants, sessions and URLs that were dropped.
    pub dropped: u64,
    /// The deletions in the lists.
    pub deletions: u64,
    /// The tokens whose reads are counted, and whose values count as read.
    pub read: u64,
    /// Up to when what was made is refused.
    pub at: UnixMillis,
}

/// Why a store is not restored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// The backup could not be copied.
    #[error(transparent)]
    Copy(#[from] CopyError),
    /// The master key is not that of the backup, or the store failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// Its checksums are right, but no tokenizer with these keys made it.
    #[error("the backup was changed since it was made: use another one")]
    Forged,
    /// There is no key ring.
    #[error("there is no store of a tokenizer: restore it first")]
    NoStore,
    /// A list of deletions cannot be read.
    #[error("cannot read the list of deletions {path}")]
    List {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// A line of a list is damaged, or of another store.
    #[error(
        "line {line} of the list of deletions {path} is damaged, or the list is that of another store: a deletion could come back"
    )]
    Line {
        /// The file.
        path: PathBuf,
        /// The number of the line, from 1.
        line: u64,
    },
}

impl From<StoreError> for RestoreError {
    fn from(error: StoreError) -> Self {
        Self::Vault(error.into())
    }
}

/// Restores a backup into an empty store, and fences it: see [`restored`]. A restore that was broken off is run again.
///
/// # Errors
/// [`RestoreError`]. The store cannot be opened then.
pub async fn restore(
    backup: &BackupFile,
    target: &dyn Store,
    masters: &MasterKeys,
    lists: &[PathBuf],
    clock: &dyn Clock,
    mut progress: impl FnMut(Copied),
) -> Result<Restored, RestoreError> {
    let held = stored_ring(backup).await?.ok_or(RestoreError::NoStore)?;
    let ring = OpenRing::read(&held, masters, clock.unix_millis())?;
    if !backup.is_by(&ring.keys) {
        return Err(RestoreError::Forged);
    }
    // Before anything is written: what is wrong with them is said at once.
    Lists::of(lists).read_all(&ring.keys)?;
    let own: [&[u8]; 2] = [b"lunadefend restore", &backup.id()];
    begin(target, sha256(&length_prefixed(own))).await?;
    let kept: Vec<_> = Table::ALL
        .into_iter()
        .filter(|table| !DROPPED.contains(table))
        .collect();
    let copied = contents(backup, target, &kept, &mut progress).await?;
    let rows = &backup.manifest().rows;
    let dropped = DROPPED.iter().filter_map(|table| rows.get(table)).sum();
    let made_at = backup.manifest().made_at;
    let fence = Fence {
        store: target,
        ring: &ring,
        lists,
        clock,
    };
    let done = fence.put_up(made_at, None).await?;
    Ok(Restored {
        copied,
        dropped,
        ..done
    })
}

/// Fences a store that was restored by other means, such as a backup of its database. No tokenizer may use it
/// meanwhile. Broken off, it is run again.
///
/// Grants, browser sessions, states and URLs are gone, and the tokens in `lists` are deleted. Values whose reads are
/// counted count as read, and [`Vault::restored_at`](crate::Vault::restored_at) returns the present time.
///
/// # Errors
/// [`RestoreError`]. The store cannot be opened then.
pub async fn restored(
    store: &dyn Store,
    masters: &MasterKeys,
    lists: &[PathBuf],
    clock: &dyn Clock,
) -> Result<Restored, RestoreError> {
    let held = stored_ring(store).await?.ok_or(RestoreError::NoStore)?;
    let ring = OpenRing::read(&held, masters, clock.unix_millis())?;
    Lists::of(lists).read_all(&ring.keys)?;
    let own = sha256(b"lunadefend restored in place");
    match one(store, copy_mark()).await? {
        None => {
            let row = Row::lasting(own.to_vec().into());
            apply(store, vec![insert(copy_mark(), row)]).await?;
        }
        Some(mark) if mark.row.value == own.as_slice() => {}
        Some(_) => return Err(VaultError::UnfinishedCopy.into()),
    }
    let fence = Fence {
        store,
        ring: &ring,
        lists,
        clock,
    };
    let mut dropped = 0;
    for table in DROPPED {
        dropped += drop_all(store, table).await?;
    }
    let done = fence.put_up(NEVER, Some(&held)).await?;
    Ok(Restored { dropped, ..done })
}

/// Deletes all rows of a table, and returns their number.
async fn drop_all(store: &dyn Store, table: Table) -> Result<u64, RestoreError> {
    let mut dropped = 0;
    loop {
        let rows = store.scan(table, None, MAX_ROWS).await?;
        if rows.is_empty() {
            return Ok(dropped);
        }
        dropped += rows.len() as u64;
        let at = rows.into_iter().map(|(key, _)| RowAddress { table, key });
        apply(store, at.map(delete).collect()).await?;
    }
}

async fn one(store: &dyn Store, at: RowAddress) -> Result<Option<StoredRow>, StoreError> {
    let mut rows = store.get_many(&[at]).await?;
    rows.pop().ok_or(StoreError::Corrupt(None))
}

/// What is between a restored store and all that was made before.
struct Fence<'a> {
    store: &'a dyn Store,
    ring: &'a OpenRing,
    lists: &'a [PathBuf],
    clock: &'a dyn Clock,
}

impl Fence<'_> {
    /// Does all that needs the keys, and removes the mark with the last write. `held` is the row of the ring, if it is
    /// there already.
    async fn put_up(
        &self,
        made_at: UnixMillis,
        held: Option<&StoredRow>,
    ) -> Result<Restored, RestoreError> {
        let deletions = self.delete_listed().await?;
        let (read, last_made) = self.counted_as_read().await?;
        let earlier = one(self.store, upkeep::restored()).await?;
        let earlier_at = match &earlier {
            Some(earlier) => upkeep::read_restored(&earlier.row)?,
            None => NEVER,
        };
        let of_store = self.store.time().await?.unwrap_or(NEVER);
        // The clock of this machine may be behind, and what is refused must not become less.
        let at = [made_at, last_made, earlier_at, of_store]
            .into_iter()
            .fold(self.clock.unix_millis(), UnixMillis::max);
        let keys = self.ring.keys.with_new_url_key()?;
        let sealed = Row::lasting(keys.seal(self.ring.master())?);
        let end = vec![
            put(Ring::own_address(), held, sealed, NEVER),
            put(
                upkeep::restored(),
                earlier.as_ref(),
                upkeep::restored_at(at),
                NEVER,
            ),
            delete(copy_mark()),
        ];
        apply(self.store, end).await?;
        Ok(Restored {
            copied: Copied::default(),
            dropped: 0,
            deletions,
            read,
            at,
        })
    }

    /// Deletes the tokens in the lists, and returns the number of lines.
    async fn delete_listed(&self) -> Result<u64, RestoreError> {
        let mut lists = Lists::of(self.lists);
        let mut count = 0;
        loop {
            let some = lists.next(&self.ring.keys, MAX_ROWS / ROWS)?;
            if some.is_empty() {
                return Ok(count);
            }
            count += some.len() as u64;
            self.delete(some).await?;
        }
    }

    async fn delete(&self, some: Vec<Deletion>) -> Result<(), RestoreError> {
        let at: Vec<_> = some.iter().map(|deletion| deletion.rows.token).collect();
        let held = self.store.get_many(&at).await?;
        let now = self.clock.unix_millis();
        let mut tokens: Vec<(_, UnixMillis)> = Vec::with_capacity(some.len());
        for (deletion, held) in some.iter().zip(held) {
            let Deletion {
                rows,
                remembered_until,
                ..
            } = *deletion;
            // Of a token that the backup does not have nothing is remembered any more.
            if held.is_none() && remembered_until <= now {
                continue;
            }
            match tokens.iter_mut().find(|(known, _)| *known == rows) {
                Some((_, until)) => *until = remembered_until.max(*until),
                None => tokens.push((rows, remembered_until)),
            }
        }
        let (writes, blobs) = end_of(self.store, &self.ring.keys, &tokens, NEVER).await?;
        if !writes.is_empty() {
            apply(self.store, writes).await?;
        }
        for blob in blobs {
            self.store.delete(blob).await?;
        }
        Ok(())
    }

    /// Returns the number of tokens whose reads are counted, and when the last of them was made.
    async fn counted_as_read(&self) -> Result<(u64, UnixMillis), RestoreError> {
        let (mut count, mut last_made, mut after) = (0, NEVER, None);
        loop {
            let rows = self.store.scan(Table::Token, after, MAX_ROWS).await?;
            let Some((last, _)) = rows.last() else {
                return Ok((count, last_made));
            };
            after = Some(*last);
            for (key, held) in &rows {
                let at = RowAddress {
                    table: Table::Token,
                    key: *key,
                };
                if let TokenRow::Made(MadeToken {
                    reads: Some(_),
                    created_at,
                    ..
                }) = self.ring.keys.open_row(&at, &held.row)?
                {
                    count += 1;
                    last_made = created_at.unwrap_or(NEVER).max(last_made);
                }
            }
        }
    }
}
