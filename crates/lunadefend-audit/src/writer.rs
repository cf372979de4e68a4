//! The thread that writes lines: one `fsync` for all that wait.

use crate::{
    chain::Chain,
    counters::{Counts, add},
    destination::Destination,
    head::Head,
    line::Entry,
    record::Record,
};
use lunadefend_core::provider::Clock;
use std::{
    io,
    sync::{Arc, atomic::Ordering::Relaxed},
};
use tokio::sync::{mpsc, oneshot};

/// How many lines one `fsync` is for, at most.
const MAX_GROUP: usize = 512;
/// After how many lines the head is published, at the latest.
const HEAD_EACH: u64 = 1000;

/// What the thread is asked for.
pub(crate) enum Job {
    /// To write a line, and say whether it is durable.
    Act(Record, oneshot::Sender<bool>),
    /// To say whether lines can be written.
    Check(oneshot::Sender<bool>),
    /// To publish the head, if there are new lines.
    Head,
    /// To write the last line. The thread ends.
    Stop(oneshot::Sender<()>),
}

/// Publishes heads.
pub(crate) type Heads = Box<dyn FnMut(&Head) + Send>;

pub(crate) struct Writer {
    pub(crate) destination: Box<dyn Destination>,
    pub(crate) chain: Chain,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) heads: Heads,
    pub(crate) counts: Arc<Counts>,
    /// Bytes of lines in the chain that the destination has not taken. They are given again before any other line:
    /// the chain cannot go back, since the keys of these lines are erased.
    pub(crate) rest: Vec<u8>,
    pub(crate) health: Health,
    /// The lines since the last head.
    pub(crate) unpublished: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Health {
    Well,
    /// The destination did not take all.
    Failing,
    /// What was written may be lost, although a later `sync` may succeed. Only a new process begins a new chain.
    Broken,
}

impl Writer {
    /// Writes the first lines of the process.
    pub(crate) fn begin(&mut self, entry: Entry) -> io::Result<()> {
        self.append(entry)?;
        let begun = self.flush();
        self.note_health(&begun);
        if begun.is_ok() {
            self.publish_head();
        }
        begun
    }

    pub(crate) fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        while let Some(first) = jobs.blocking_recv() {
            let mut group = Vec::new();
            let mut next = Some(first);
            let mut wants_head = false;
            let mut stops = None;
            while let Some(job) = next.take() {
                match job {
                    Job::Act(record, reply) => group.push((Some(record), reply)),
                    Job::Check(reply) => group.push((None, reply)),
                    Job::Head => wants_head = true,
                    Job::Stop(reply) => stops = Some(reply),
                }
                if group.len() < MAX_GROUP && stops.is_none() {
                    next = jobs.try_recv().ok();
                }
            }
            if !group.is_empty() {
                self.write(group);
            }
            if wants_head || self.unpublished >= HEAD_EACH {
                self.publish_head();
            }
            if let Some(stopped) = stops {
                self.stop();
                // Closes the file, and lets go of its lock.
                drop(self);
                // Nobody may wait for it.
                let _ = stopped.send(());
                return;
            }
        }
        self.stop();
    }

    /// Writes the lines of a group, and tells each of those who wait.
    fn write(&mut self, group: Vec<(Option<Record>, oneshot::Sender<bool>)>) {
        let mut acts = 0;
        let mut waiting = Vec::with_capacity(group.len());
        let can_write = self.health == Health::Well || self.recover().is_ok();
        if can_write {
            self.rotate();
        }
        for (record, reply) in group {
            acts += usize::from(record.is_some());
            let appended = match record {
                Some(record) => can_write && self.append(Entry::Act(record)).is_ok(),
                // A check needs no more than what has just been found out.
                None => can_write,
            };
            waiting.push((reply, appended));
        }
        let written = match can_write {
            true => self.flush(),
            false => Err(io::ErrorKind::Other.into()),
        };
        if can_write {
            self.note_health(&written);
        }
        match written.is_ok() {
            true => {
                add(&self.counts.recorded, acts);
                add(&self.counts.groups, 1);
            }
            false => add(&self.counts.unrecorded, acts),
        }
        for (reply, appended) in waiting {
            // Whoever has gone away does not wait.
            let _ = reply.send(appended && written.is_ok());
        }
    }

    /// Gives what was not taken once more.
    fn recover(&mut self) -> io::Result<()> {
        let recovered = self.flush();
        if recovered.is_ok() {
            self.note_health(&recovered);
        }
        recovered
    }

    fn rotate(&mut self) {
        match self.destination.rotate() {
            Ok(false) => {}
            Ok(true) => {
                add(&self.counts.rotations, 1);
                if let Some(follows) = self.chain.head() {
                    // It fails for no head.
                    drop(self.append(Entry::File { follows }));
                }
            }
            Err(error) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the audit log is full and goes on in the same file"
            ),
        }
    }

    fn append(&mut self, entry: Entry) -> io::Result<()> {
        let at = self.clock.unix_millis().get();
        self.chain.append(&mut self.rest, at, entry)?;
        self.unpublished += 1;
        Ok(())
    }

    /// Gives the destination what it has not taken, and makes it durable.
    fn flush(&mut self) -> io::Result<()> {
        if self.health == Health::Broken {
            return Err(io::ErrorKind::Other.into());
        }
        let mut taken = 0;
        let given = loop {
            if taken == self.rest.len() {
                break Ok(());
            }
            match self.destination.write(&self.rest[taken..]) {
                Ok(0) => break Err(io::ErrorKind::WriteZero.into()),
                Ok(more) => taken += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
        };
        self.rest.drain(..taken);
        given?;
        self.destination.sync().inspect_err(|_| {
            self.health = Health::Broken;
        })
    }

    /// Remembers how it went, and says in the log when that changed.
    fn note_health(&mut self, written: &io::Result<()>) {
        match written {
            Ok(()) => {
                if self.health == Health::Failing {
                    tracing::warn!("the audit log is written again");
                }
                self.health = Health::Well;
            }
            Err(error) => {
                let advice = match self.health {
                    Health::Broken => "restart the tokenizer when the disk is well",
                    Health::Well | Health::Failing => "make room, or make it writable",
                };
                tracing::error!(
                    error = error as &dyn std::error::Error,
                    "the audit log cannot be written: {advice}"
                );
                if self.health == Health::Well {
                    self.health = Health::Failing;
                }
            }
        }
        let is_failing = self.health != Health::Well;
        self.counts.is_failing.store(is_failing, Relaxed);
    }

    /// Publishes the last line, if it is durable and was not published.
    fn publish_head(&mut self) {
        if self.unpublished > 0
            && self.health == Health::Well
            && let Some(head) = self.chain.head()
        {
            (self.heads)(&head);
            self.unpublished = 0;
        }
    }

    fn stop(&mut self) {
        if self.health == Health::Well && self.append(Entry::Stop).is_ok() {
            let written = self.flush();
            self.note_health(&written);
            self.publish_head();
        }
    }
}
