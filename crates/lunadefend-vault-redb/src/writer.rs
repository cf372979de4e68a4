//! The writer thread, and its queue.

use crate::{
    apply::Transaction,
    commit::State,
    job::{Job, MAX_GROUP_BYTES, Weight},
};
use lunadefend_vault::store::StoreError;
use std::{
    fmt,
    thread::{Builder, JoinHandle},
};
use tokio::sync::{mpsc, oneshot};

/// The maximum of waiting jobs; beyond it callers wait to send theirs.
const QUEUE: usize = 512;
/// How many jobs one transaction takes at most: it bounds how long the first of them waits.
const MAX_GROUP: usize = 512;

struct Task<W, T> {
    weight: Weight,
    work: W,
    done: Option<T>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<W, T> Job for Task<W, T>
where
    W: FnMut(&mut Transaction<'_>) -> Result<T, redb::Error> + Send,
    T: Send,
{
    fn weight(&self) -> Weight {
        self.weight
    }

    fn run(&mut self, transaction: &mut Transaction<'_>) -> Result<(), redb::Error> {
        self.done = Some((self.work)(transaction)?);
        Ok(())
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        let Self {
            done, reply, work, ..
        } = *self;
        // What it holds is free before somebody hears of it.
        drop(work);
        let outcome = committed.and_then(|()| done.ok_or(StoreError::Closed));
        // A receiver that is gone has lost interest; what was written stands.
        drop(reply.send(outcome));
    }
}

/// Sends jobs to the thread without keeping it alive: for handles that may outlive the store.
#[derive(Clone)]
pub(crate) struct Queue(mpsc::WeakSender<Box<dyn Job>>);

/// What comes of a job that was queued.
#[derive(Debug)]
pub(crate) struct Outcome<T>(oneshot::Receiver<Result<T, StoreError>>);

impl<T> Outcome<T> {
    /// Waits for it. Whoever stops waiting may ask again.
    pub(crate) async fn wait(&mut self) -> Result<T, StoreError> {
        // The thread ended with the job in its hands.
        (&mut self.0).await.map_err(StoreError::unknown)?
    }
}

impl Queue {
    /// Queues a job and waits for its outcome.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        weight: Weight,
        work: impl FnMut(&mut Transaction<'_>) -> Result<T, redb::Error> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.send(weight, work).await?.wait().await
    }

    /// Queues a job, behind all that were queued before.
    pub(crate) async fn send<T: Send + 'static>(
        &self,
        weight: Weight,
        work: impl FnMut(&mut Transaction<'_>) -> Result<T, redb::Error> + Send + 'static,
    ) -> Result<Outcome<T>, StoreError> {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Task {
            weight,
            work,
            done: None,
            reply,
        });
        let jobs = self.0.upgrade().ok_or(StoreError::Closed)?;
        jobs.send(job).await.map_err(|_| StoreError::Closed)?;
        Ok(Outcome(answer))
    }
}

/// The handle of the thread. Dropping it ends the thread after the waiting jobs.
pub(crate) struct Writer {
    jobs: Option<mpsc::Sender<Box<dyn Job>>>,
    queue: Queue,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(crate) fn start(state: State) -> Result<Self, StoreError> {
        let (jobs, waiting) = mpsc::channel(QUEUE);
        let thread = Builder::new()
            .name("lunadefend-store".to_owned())
            .spawn(move || run(state, waiting))
            .map_err(StoreError::unavailable)?;
        Ok(Self {
            queue: Queue(jobs.downgrade()),
            jobs: Some(jobs),
            thread: Some(thread),
        })
    }

    pub(crate) const fn queue(&self) -> &Queue {
        &self.queue
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            // It only ends by itself; waiting callers have been told of a panic.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Queue")
    }
}

fn run(mut state: State, mut waiting: mpsc::Receiver<Box<dyn Job>>) {
    while let Some(first) = waiting.blocking_recv() {
        let mut group = group(first, &mut waiting);
        let committed = state.commit(&mut group);
        group
            .into_iter()
            .for_each(|job| job.answer(committed.clone()));
    }
}

/// Returns the jobs that wait already, up to the bounds of a transaction.
fn group(first: Box<dyn Job>, waiting: &mut mpsc::Receiver<Box<dyn Job>>) -> Vec<Box<dyn Job>> {
    let mut bytes = first.weight().bytes();
    let mut group = vec![first];
    while group.len() < MAX_GROUP && bytes < MAX_GROUP_BYTES {
        let Ok(job) = waiting.try_recv() else {
            break;
        };
        bytes += job.weight().bytes();
        group.push(job);
    }
    group
}
