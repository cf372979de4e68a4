//! The one thread that writes, and how writes wait for it.

use super::{OpenDatabase, apply::Transaction, guarded};
use crate::store::{BlobId, StoreError, Write, Written};
use bytes::Bytes;
use redb::Durability;
use std::{
    fmt, io,
    sync::Arc,
    thread::{Builder, JoinHandle},
};
use tokio::sync::{mpsc, oneshot};

/// How many commands may wait before callers wait to send theirs.
const QUEUE: usize = 512;
/// How many commands one transaction takes at most, and how many bytes of chunks and rows: it
/// bounds how long the first of them waits.
const MAX_GROUP: usize = 512;
const MAX_GROUP_BYTES: usize = 8 * 1024 * 1024;

pub(super) type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// What part of a deletion was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) rows: usize,
    pub(super) more: bool,
}

pub(super) enum Command {
    Write {
        batch: Vec<Write>,
        now: u64,
        reply: Reply<Written>,
    },
    PutChunk {
        blob: BlobId,
        index: u32,
        data: Bytes,
        reply: Reply<Written>,
    },
    DeleteBlob {
        blob: BlobId,
        reply: Reply<Step>,
    },
    Purge {
        now: u64,
        reply: Reply<Step>,
    },
    Check {
        reply: Reply<()>,
    },
}

impl Command {
    fn bytes(&self) -> usize {
        match self {
            Self::Write { batch, .. } => batch.len() * 256,
            Self::PutChunk { data, .. } => data.len(),
            // A step of a deletion is a transaction's worth of work.
            Self::DeleteBlob { .. } | Self::Purge { .. } => MAX_GROUP_BYTES,
            Self::Check { .. } => 0,
        }
    }
}

/// What a command came to inside the transaction.
enum Outcome {
    Written(Written),
    Step(Step),
    Checked,
}

/// The handle of the thread. Dropping it ends the thread after the commands that wait.
pub(super) struct Writer {
    commands: Option<mpsc::Sender<Command>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(database: Arc<OpenDatabase>) -> Result<Self, StoreError> {
        let (commands, queue) = mpsc::channel(QUEUE);
        let thread = Builder::new()
            .name("lunadefend-store".to_owned())
            .spawn(move || run(&database, queue))
            .map_err(|cause: io::Error| StoreError::Io(Arc::new(cause)))?;
        Ok(Self {
            commands: Some(commands),
            thread: Some(thread),
        })
    }

    /// Queues a command and waits for its answer.
    pub(super) async fn run<T>(
        &self,
        command: impl FnOnce(Reply<T>) -> Command,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let commands = self.commands.as_ref().ok_or(StoreError::Closed)?;
        commands
            .send(command(reply))
            .await
            .map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.commands.take());
        if let Some(thread) = self.thread.take() {
            // It only ends by itself; a panic has been answered to whoever waited.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Writer")
    }
}

fn run(database: &OpenDatabase, mut queue: mpsc::Receiver<Command>) {
    // Once a transaction has failed nobody knows what is in the file: no more writes.
    let mut failed: Option<StoreError> = None;
    while let Some(first) = queue.blocking_recv() {
        let group = group(first, &mut queue);
        let outcomes = match &failed {
            Some(error) => Err(error.clone()),
            None => guarded(|| commit(database, &group)),
        };
        match outcomes {
            Ok(outcomes) => {
                for (command, outcome) in group.into_iter().zip(outcomes) {
                    answer(command, outcome);
                }
            }
            Err(error) => {
                if failed.is_none() {
                    tracing::error!(error = %error, "the embedded store stops writing");
                }
                group
                    .into_iter()
                    .for_each(|command| refuse(command, error.clone()));
                failed = Some(error);
            }
        }
    }
}

/// What waits already, up to the bounds of a transaction.
fn group(first: Command, queue: &mut mpsc::Receiver<Command>) -> Vec<Command> {
    let mut bytes = first.bytes();
    let mut group = vec![first];
    while group.len() < MAX_GROUP && bytes < MAX_GROUP_BYTES {
        let Ok(command) = queue.try_recv() else {
            break;
        };
        bytes += command.bytes();
        group.push(command);
    }
    group
}

/// Runs a group in one durable transaction; nothing of it is written when it fails.
fn commit(database: &OpenDatabase, group: &[Command]) -> Result<Vec<Outcome>, redb::Error> {
    let mut write = database.get()?.begin_write()?;
    if group
        .iter()
        .all(|command| matches!(command, Command::PutChunk { .. }))
    {
        // The write that finishes the value makes them durable: one `fsync` less for each chunk.
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
    if transaction.close() {
        write.commit()?;
    } else {
        write.abort()?;
    }
    Ok(outcomes)
}

/// A receiver that is gone has lost interest; what was written stands.
fn answer(command: Command, outcome: Outcome) {
    match (command, outcome) {
        (
            Command::Write { reply, .. } | Command::PutChunk { reply, .. },
            Outcome::Written(written),
        ) => drop(reply.send(Ok(written))),
        (Command::DeleteBlob { reply, .. } | Command::Purge { reply, .. }, Outcome::Step(step)) => {
            drop(reply.send(Ok(step)));
        }
        (Command::Check { reply }, Outcome::Checked) => drop(reply.send(Ok(()))),
        // Outcomes are made in the order of their commands; the caller would hear `Closed`.
        (_, Outcome::Written(_) | Outcome::Step(_) | Outcome::Checked) => {}
    }
}

fn refuse(command: Command, error: StoreError) {
    match command {
        Command::Write { reply, .. } | Command::PutChunk { reply, .. } => {
            drop(reply.send(Err(error)));
        }
        Command::DeleteBlob { reply, .. } | Command::Purge { reply, .. } => {
            drop(reply.send(Err(error)));
        }
        Command::Check { reply } => drop(reply.send(Err(error))),
    }
}
