//! The streams of a connection: each has a task, which ends when its response is written, or not taken.

use super::{super::patience::Patience, super::phase::Phase, taking::Taking};
use futures_util::task::AtomicWaker;
use hyper::rt::Executor;
use std::{
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};
use tokio::task::{JoinSet, futures::TaskLocalFuture};

tokio::task_local! {
    /// The response of the stream that a task serves.
    static TAKING: Arc<Taking>;
}

/// Returns what is known of the response that the present task makes.
pub(super) fn taking() -> Arc<Taking> {
    TAKING.try_with(Arc::clone).unwrap_or_default()
}

/// The streams that are being served. They end with it.
#[derive(Debug)]
pub(super) struct Streams {
    tasks: Mutex<JoinSet<()>>,
    count: Arc<Count>,
    phase: Phase,
    write_stall: Duration,
}

/// The streams so far, in numbers that may wrap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Numbers {
    pub(super) begun: usize,
    pub(super) served: usize,
}

#[derive(Debug, Default)]
struct Count {
    begun: AtomicUsize,
    served: AtomicUsize,
    /// The task of the connection.
    connection: AtomicWaker,
}

impl Streams {
    pub(super) fn new(phase: Phase, write_stall: Duration) -> Arc<Self> {
        Arc::new(Self {
            tasks: Mutex::default(),
            count: Arc::default(),
            phase,
            write_stall,
        })
    }

    /// Returns what hyper gives streams to. It does not keep them.
    pub(super) fn executor(self: &Arc<Self>) -> StreamExecutor {
        StreamExecutor(Arc::downgrade(self))
    }

    /// Counts, and has the task of the connection woken when a stream ends.
    pub(super) fn numbers(&self, context: &Context<'_>) -> Numbers {
        self.count.connection.register(context.waker());
        Numbers {
            begun: self.count.begun.load(Ordering::Acquire),
            served: self.count.served.load(Ordering::Acquire),
        }
    }

    fn spawn(&self, stream: impl Future<Output = ()> + Send + 'static) {
        self.phase.begin_stream();
        let taking = Arc::<Taking>::default();
        let task = StreamTask {
            stream: Box::pin(TAKING.scope(Arc::clone(&taking), stream)),
            taking,
            seen: 0,
            patience: Patience::new(self.write_stall),
            _served: Served::begin(&self.count),
        };
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        // Those that have ended are forgotten; a panic is in the log.
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }
}

/// Gives streams their tasks.
#[derive(Clone, Debug)]
pub(super) struct StreamExecutor(Weak<Streams>);

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for StreamExecutor {
    fn execute(&self, stream: F) {
        // Without its connection a stream is nothing.
        if let Some(streams) = self.0.upgrade() {
            streams.spawn(stream);
        }
    }
}

/// Counts a stream as being served while it lives.
#[derive(Debug)]
struct Served(Arc<Count>);

impl Served {
    fn begin(count: &Arc<Count>) -> Self {
        count.begun.fetch_add(1, Ordering::AcqRel);
        count.served.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(count))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.0.served.fetch_sub(1, Ordering::AcqRel);
        self.0.connection.wake();
    }
}

/// Serves a stream, for as long as the client takes the response.
struct StreamTask<F> {
    /// Dropped before its end, it resets the stream. It goes first, so that all it has to say is queued when the
    /// connection hears of its end.
    stream: Pin<Box<TaskLocalFuture<Arc<Taking>, F>>>,
    taking: Arc<Taking>,
    /// The bytes taken at the last look.
    seen: usize,
    patience: Patience,
    _served: Served,
}

impl<F: Future<Output = ()>> Future for StreamTask<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        this.taking.register(context);
        if this.stream.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        let taken = this.taking.taken();
        let fresh = taken.wrapping_sub(this.seen);
        this.seen = taken;
        let waits = this.taking.is_under_way();
        if fresh > 0 || !waits {
            this.patience.took(fresh);
        }
        if !waits || this.patience.poll_over(context).is_pending() {
            return Poll::Pending;
        }
        tracing::debug!("a stream was reset: its client does not take the response");
        Poll::Ready(())
    }
}
