//! The handle of the log.

use crate::{
    chain::Chain,
    counters::{Counters, Counts, add},
    destination::Destination,
    error::{AuditError, Unrecorded},
    head::Head,
    key::AuditKey,
    line::Entry,
    names::{Names, ProcessId},
    record::Record,
    tail::Tail,
    writer::{Health, Job, Writer},
};
use lunadefend_core::provider::Clock;
use std::{
    fmt,
    sync::{Arc, atomic::Ordering::Relaxed},
    thread::Builder,
};
use tokio::{
    runtime::Handle,
    sync::{mpsc, mpsc::error::TrySendError, oneshot},
};

/// The maximum of waiting lines; beyond it callers wait to send theirs.
const QUEUE: usize = 512;

/// How a log is written.
pub struct Options {
    /// Whether an act without a line is refused.
    pub required: bool,
    /// The time in lines.
    pub clock: Arc<dyn Clock>,
    /// Publishes heads, at once and from the thread that writes. They must go elsewhere than the lines.
    pub heads: Box<dyn FnMut(&Head) + Send>,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("required", &self.required)
            .finish_non_exhaustive()
    }
}

/// A running audit log. Clones write the same one.
#[derive(Clone)]
pub struct Audit {
    jobs: mpsc::Sender<Job>,
    names: Names,
    counts: Arc<Counts>,
    required: bool,
}

impl Audit {
    /// Begins a chain: writes its first line, and starts the thread that writes the others.
    ///
    /// # Errors
    /// [`AuditError::Write`] when a line is required and the first cannot be written; also without randomness or a
    /// thread.
    ///
    /// # Security
    /// It takes the key away and erases it: from then on the process cannot make an earlier line again.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the key must not outlive the start"
    )]
    pub fn start(
        key: AuditKey,
        destination: impl Destination,
        tail: Tail,
        options: Options,
    ) -> Result<Self, AuditError> {
        let Tail { follows, torn } = tail;
        let counts = Arc::new(Counts::default());
        let mut writer = Writer {
            destination: Box::new(destination),
            chain: Chain::new(&key, ProcessId::random()?),
            clock: options.clock,
            heads: options.heads,
            counts: Arc::clone(&counts),
            // Ends the unfinished line of the process before.
            rest: torn.iter().map(|_| b'\n').collect(),
            health: Health::Well,
            unpublished: 0,
        };
        match writer.begin(Entry::Start { follows, torn }) {
            Err(error) if options.required => return Err(AuditError::Write(error)),
            Ok(()) | Err(_) => {}
        }
        let (jobs, waiting) = mpsc::channel(QUEUE);
        Builder::new()
            .name("lunadefend-audit".to_owned())
            .spawn(move || writer.run(waiting))
            .map_err(AuditError::Start)?;
        Ok(Self {
            jobs,
            names: key.names(),
            counts,
            required: options.required,
        })
    }

    /// Returns what names tokens and sessions in lines.
    #[must_use]
    pub const fn names(&self) -> &Names {
        &self.names
    }

    /// Returns the counters, for metrics.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.counts.read()
    }

    /// Checks before an act that its line can be written. It asks the thread only while lines fail.
    ///
    /// # Errors
    /// [`Unrecorded`] when a line is required and cannot be written now.
    pub async fn check(&self) -> Result<(), Unrecorded> {
        if !self.required || !self.counts.is_failing.load(Relaxed) {
            return Ok(());
        }
        let (reply, answer) = oneshot::channel();
        let asked = self.jobs.send(Job::Check(reply)).await;
        match asked.is_ok() && answer.await.unwrap_or(false) {
            true => Ok(()),
            false => {
                add(&self.counts.unrecorded, 1);
                Err(Unrecorded)
            }
        }
    }

    /// Writes a line, and waits until it is durable. Without a required line it fails never.
    ///
    /// # Errors
    /// [`Unrecorded`] when a line is required and is not durable. Hold back what the act would let out.
    pub async fn record(&self, record: Record) -> Result<(), Unrecorded> {
        let (reply, answer) = oneshot::channel();
        let sent = self.jobs.send(Job::Act(record, reply)).await;
        let is_durable = match sent {
            Ok(()) => answer.await.ok(),
            Err(_) => None,
        };
        let is_durable = is_durable.unwrap_or_else(|| {
            // The thread is gone, which counts all others.
            add(&self.counts.unrecorded, 1);
            false
        });
        match is_durable || !self.required {
            true => Ok(()),
            false => Err(Unrecorded),
        }
    }

    /// Has a line written without waiting, for an act that nobody can hold back any more.
    pub fn note(&self, record: Record) {
        let (reply, _) = oneshot::channel();
        match self.jobs.try_send(Job::Act(record, reply)) {
            Ok(()) => {}
            Err(TrySendError::Full(job)) if let Ok(runtime) = Handle::try_current() => {
                let audit = self.clone();
                runtime.spawn(async move {
                    if audit.jobs.send(job).await.is_err() {
                        add(&audit.counts.unrecorded, 1);
                    }
                });
            }
            Err(_) => add(&self.counts.unrecorded, 1),
        }
    }

    /// Publishes the head, if there are lines since the last one. Call it each minute.
    pub fn publish_head(&self) {
        // A full queue publishes by itself.
        let _ = self.jobs.try_send(Job::Head);
    }

    /// Writes the last line of the process, which says that no line was cut off, and publishes its head.
    pub async fn close(self) {
        let (stopped, done) = oneshot::channel();
        if self.jobs.send(Job::Stop(stopped)).await.is_ok() {
            // An error means that the thread has ended already.
            let _ = done.await;
        }
    }
}

impl fmt::Debug for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Audit")
            .field("required", &self.required)
            .field("counters", &self.counters())
            .finish_non_exhaustive()
    }
}
