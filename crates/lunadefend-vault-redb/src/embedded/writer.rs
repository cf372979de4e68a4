//! The one thread that writes, and how writes wait for it.

use super::commit::State;
use bytes::Bytes;
use lunadefend_vault::store::{BlobId, StoreError, Write, Written};
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
pub(super) const MAX_GROUP_BYTES: usize = 8 * 1024 * 1024;

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
pub(super) enum Outcome {
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
    pub(super) fn start(state: State) -> Result<Self, StoreError> {
        let (commands, queue) = mpsc::channel(QUEUE);
        let thread = Builder::new()
            .name("lunadefend-store".to_owned())
            .spawn(move || run(state, queue))
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

fn run(mut state: State, mut queue: mpsc::Receiver<Command>) {
    while let Some(first) = queue.blocking_recv() {
        let group = group(first, &mut queue);
        match state.commit(&group) {
            Ok(outcomes) => {
                for (command, outcome) in group.into_iter().zip(outcomes) {
                    answer(command, outcome);
                }
            }
            Err(error) => group
                .into_iter()
                .for_each(|command| refuse(command, error.clone())),
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
