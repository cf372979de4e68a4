//! Numbers for metrics.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

/// What an audit log has done since its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// Acts whose lines are durable.
    pub recorded: u64,
    /// Acts whose lines could not be made durable: refused where a line is required. Alert on each.
    pub unrecorded: u64,
    /// Groups of lines that were made durable together.
    pub groups: u64,
    /// Files that were begun after the first.
    pub rotations: u64,
    /// Whether lines cannot be written now. Alert on it.
    pub is_failing: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) recorded: AtomicU64,
    pub(crate) unrecorded: AtomicU64,
    pub(crate) groups: AtomicU64,
    pub(crate) rotations: AtomicU64,
    pub(crate) is_failing: AtomicBool,
}

impl Counts {
    pub(crate) fn read(&self) -> Counters {
        Counters {
            recorded: self.recorded.load(Relaxed),
            unrecorded: self.unrecorded.load(Relaxed),
            groups: self.groups.load(Relaxed),
            rotations: self.rotations.load(Relaxed),
            is_failing: self.is_failing.load(Relaxed),
        }
    }
}

pub(crate) fn add(counter: &AtomicU64, more: usize) {
    counter.fetch_add(more as u64, Relaxed);
}
