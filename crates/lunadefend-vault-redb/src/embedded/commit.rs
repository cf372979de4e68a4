//! Committing what waits, and going on after a commit that failed.

use super::{
    apply::Transaction,
    database::Slot,
    layout::{FORMAT, META},
    writer::{Command, MAX_GROUP_BYTES, Outcome},
};
use lunadefend_vault::store::{BlobId, StoreError};
use redb::{Database, Durability};
use std::{collections::HashSet, sync::Arc, time::Duration};
use tokio::time::Instant;

/// How long after a failure nothing is written, so that a disk that stays full does not keep the
/// store busy with opening its file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pause {
    pub(super) least: Duration,
    /// As a multiple of the time that the opening took: what is left is for whoever reads.
    pub(super) openings: u32,
}

impl Default for Pause {
    fn default() -> Self {
        Self {
            least: Duration::from_secs(1),
            openings: 4,
        }
    }
}

/// What the thread that writes knows.
pub(super) struct State {
    database: Arc<Slot>,
    pause: Pause,
    /// The blobs with chunks that no `fsync` has followed yet, and how many bytes these are.
    volatile: HashSet<BlobId>,
    volatile_bytes: usize,
    failure: Option<Failure>,
}

/// The last commit failed.
struct Failure {
    error: StoreError,
    /// `None`: never, since what is in the file is not what was written.
    retry_at: Option<Instant>,
    /// Blobs whose chunks were acknowledged and may be gone: nobody may finish them.
    lost: HashSet<BlobId>,
}

impl State {
    pub(super) fn new(database: Arc<Slot>, pause: Pause) -> Self {
        Self {
            database,
            pause,
            volatile: HashSet::new(),
            volatile_bytes: 0,
            failure: None,
        }
    }

    /// Runs a group in one transaction; nothing of it is written when it fails. Only when all of it
    /// is chunks it is not durable: the write that finishes their value makes them so.
    pub(super) fn commit(&mut self, group: &[Command]) -> Result<Vec<Outcome>, StoreError> {
        self.recover()?;
        let chunks: Vec<_> = group.iter().filter_map(chunk_of).collect();
        let bytes = self.volatile_bytes + chunks.iter().map(|(_, bytes)| bytes).sum::<usize>();
        // What is not durable yet is partly in memory: it may not become much.
        let durable = chunks.len() < group.len() || bytes > MAX_GROUP_BYTES;
        let outcome = self
            .database
            .with(|database| apply(database, group, durable));
        match outcome {
            Ok((outcomes, changed)) => {
                if changed && durable {
                    self.volatile.clear();
                    self.volatile_bytes = 0;
                } else if changed {
                    self.volatile.extend(chunks.iter().map(|(blob, _)| **blob));
                    self.volatile_bytes = bytes;
                }
                Ok(outcomes)
            }
            Err(error) => Err(self.fail(error)),
        }
    }

    /// Opens the file again and goes on, when the last commit failed and its pause is over.
    fn recover(&mut self) -> Result<(), StoreError> {
        if self.failure.is_none()
            && let Some(error) = self.database.failed()
        {
            self.fail(error);
        }
        let Some(failure) = &self.failure else {
            return Ok(());
        };
        if failure.retry_at.is_none_or(|at| Instant::now() < at) {
            return Err(failure.error.clone());
        }
        let opened = if self.database.is_open() {
            Ok(())
        } else {
            self.database.reopen(failure.error.clone())
        };
        let prove = |database: &Database| prove(database, &failure.lost);
        match opened.and_then(|()| self.database.with(prove)) {
            Ok(()) => {
                self.failure = None;
                tracing::warn!("the embedded store can be written again");
                Ok(())
            }
            Err(error) => Err(self.fail(error)),
        }
    }

    /// Notes a failure and opens the file for whoever reads.
    fn fail(&mut self, error: StoreError) -> StoreError {
        let mut lost = self
            .failure
            .take()
            .map_or_else(HashSet::new, |failure| failure.lost);
        lost.extend(self.volatile.drain());
        self.volatile_bytes = 0;
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "the embedded store cannot be written"
        );
        let heals = self.database.can_reopen() && !matches!(error, StoreError::Corrupt(_));
        let retry_at = heals.then(|| {
            let began = Instant::now();
            if let Err(error) = self.database.reopen(error.clone()) {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the embedded store cannot be opened again"
                );
            }
            let now = Instant::now();
            let opening = now.duration_since(began) * self.pause.openings;
            now + self.pause.least.max(opening)
        });
        self.failure = Some(Failure {
            error: error.clone(),
            retry_at,
            lost,
        });
        error
    }
}

fn chunk_of(command: &Command) -> Option<(&BlobId, usize)> {
    match command {
        Command::PutChunk { blob, data, .. } => Some((blob, data.len())),
        _ => None,
    }
}

/// What each command came to, and whether anything was written.
fn apply(
    database: &Database,
    group: &[Command],
    durable: bool,
) -> Result<(Vec<Outcome>, bool), redb::Error> {
    let mut write = database.begin_write()?;
    if !durable {
        write.set_durability(Durability::None)?;
    }
    let mut transaction = Transaction::open(&write)?;
    let outcomes = group
        .iter()
        .map(|command| match command {
            Command::Write { batch, now, .. } => {
                transaction.write(batch, *now).map(Outcome::Written)
            }
            Command::PutChunk {
                blob, index, data, ..
            } => transaction
                .put_chunk(blob, *index, data)
                .map(Outcome::Written),
            Command::DeleteBlob { blob, .. } => transaction.delete_blob(blob).map(Outcome::Step),
            Command::Purge { now, .. } => transaction.purge(*now).map(Outcome::Step),
            Command::Check { .. } => Ok(Outcome::Checked),
        })
        .collect::<Result<_, redb::Error>>()?;
    let changed = transaction.close();
    if changed {
        write.commit()?;
    } else {
        write.abort()?;
    }
    Ok((outcomes, changed))
}

/// Proves that the file can be written, by writing to it, and in the same transaction sees to it that
/// a value is never finished of which chunks are gone.
fn prove(database: &Database, lost: &HashSet<BlobId>) -> Result<(), redb::Error> {
    let write = database.begin_write()?;
    let mut transaction = Transaction::open(&write)?;
    for blob in lost {
        transaction.condemn(blob)?;
    }
    transaction.close();
    // As it was read when the file was opened: a change, or nothing would be written.
    write.open_table(META)?.insert("format", FORMAT)?;
    write.commit()?;
    Ok(())
}
