//! Commits waiting jobs, and recovers after a failed commit.

use crate::{
    apply::Transaction,
    database::Slot,
    guarded::guarded,
    job::{Job, MAX_VOLATILE_BYTES, Weight},
    layout::{FORMAT, META},
};
use lunadefend_vault::store::{Commits, StoreError};
use redb::{Database, Durability};
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::time::Instant;

/// The pause in writing after a failure, so that a disk that stays full does not keep the store busy
/// reopening its file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pause {
    pub(crate) least: Duration,
    /// The pause as a multiple of the opening's duration: the rest of the time is for readers.
    pub(crate) openings: u32,
}

impl Default for Pause {
    fn default() -> Self {
        Self {
            least: Duration::from_secs(1),
            openings: 4,
        }
    }
}

/// The state of the writer thread.
pub(crate) struct State {
    database: Arc<Slot>,
    pause: Pause,
    /// The bytes of parts that no `fsync` has followed yet.
    volatile_bytes: usize,
    losses: Losses,
    counted: Counted,
    failure: Option<Failure>,
}

/// What was committed so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counted(Arc<Mutex<Commits>>);

impl Counted {
    pub(crate) fn get(&self) -> Commits {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, writes: u64) {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counted.add(writes);
    }
}

/// The number of times that acknowledged parts were lost before they were durable. A value that began before
/// the last loss must not be finished.
#[derive(Clone, Debug, Default)]
pub(crate) struct Losses(Arc<AtomicU64>);

impl Losses {
    pub(crate) fn count(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// The last commit failed.
struct Failure {
    error: StoreError,
    /// `None`: never, since the content of the file differs from what was written.
    retry_at: Option<Instant>,
}

impl State {
    pub(crate) fn new(database: Arc<Slot>, losses: Losses, counted: Counted, pause: Pause) -> Self {
        Self {
            database,
            pause,
            volatile_bytes: 0,
            losses,
            counted,
            failure: None,
        }
    }

    /// Runs a group in one transaction. It is durable unless the group is parts only: the end of their value
    /// makes these durable.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] when the commit itself failed; after any other error nothing of the
    /// group was written.
    pub(crate) fn commit(&mut self, group: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
        self.recover()?;
        let parts = group.iter().map(|job| match job.weight() {
            Weight::Part(bytes) => Some(bytes),
            Weight::Durable(_) | Weight::Flush => None,
        });
        let bytes = self.volatile_bytes + parts.clone().flatten().sum::<usize>();
        let durable = parts.clone().any(|part| part.is_none()) || bytes > MAX_VOLATILE_BYTES;
        let flush =
            self.volatile_bytes > 0 && group.iter().any(|job| job.weight() == Weight::Flush);
        let losses = self.losses.count();
        let applied = self
            .database
            .with(|database| apply(database, group, losses, durable, flush));
        match applied {
            Ok(Applied::Nothing) => Ok(()),
            Ok(Applied::Committed(Ok(()))) => {
                self.counted.add(group.len() as u64);
                self.volatile_bytes = if durable { 0 } else { bytes };
                Ok(())
            }
            Ok(Applied::Committed(Err(error))) => Err(StoreError::unknown(self.fail(error))),
            Err(error) => Err(self.fail(error)),
        }
    }

    /// Reopens the file and goes on, when the last commit failed and its pause is over.
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
        match opened.and_then(|()| self.database.with(prove)) {
            Ok(()) => {
                self.failure = None;
                tracing::warn!("the embedded store can be written again");
                Ok(())
            }
            Err(error) => Err(self.fail(error)),
        }
    }

    /// Notes a failure and reopens the file for readers.
    fn fail(&mut self, error: StoreError) -> StoreError {
        if std::mem::take(&mut self.volatile_bytes) > 0 {
            self.losses.0.fetch_add(1, Ordering::SeqCst);
        }
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
        });
        error
    }
}

enum Applied {
    /// The group had no changes to commit.
    Nothing,
    Committed(Result<(), StoreError>),
}

fn apply(
    database: &Database,
    group: &mut [Box<dyn Job>],
    losses: u64,
    durable: bool,
    flush: bool,
) -> Result<Applied, redb::Error> {
    let mut write = database.begin_write()?;
    if !durable {
        write.set_durability(Durability::None)?;
    }
    let mut transaction = Transaction::open(&write, losses)?;
    for job in group {
        job.run(&mut transaction)?;
    }
    let changed = transaction.close();
    if flush && !changed {
        touch(&write)?;
    }
    if !changed && !flush {
        write.abort()?;
        return Ok(Applied::Nothing);
    }
    Ok(Applied::Committed(guarded(|| Ok(write.commit()?))))
}

/// Checks that the file can be written, by writing to it.
fn prove(database: &Database) -> Result<(), redb::Error> {
    let write = database.begin_write()?;
    touch(&write)?;
    write.commit()?;
    Ok(())
}

/// Writes the format again: without a change nothing would be written.
fn touch(write: &redb::WriteTransaction) -> Result<(), redb::Error> {
    write.open_table(META)?.insert("format", FORMAT)?;
    Ok(())
}
