//! Counters of a running tokenizer, for its operator.

use crate::server::Places;
use std::{
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

/// Counters of one tokenizer.
#[derive(Debug)]
pub(crate) struct Activity {
    /// The time of its start, by its timer.
    started: Duration,
    uploads: AtomicUsize,
    /// The places of the server that serves it, if that is ours.
    places: Mutex<Weak<Places>>,
}

impl Activity {
    pub(crate) const fn new(started: Duration) -> Self {
        Self {
            started,
            uploads: AtomicUsize::new(0),
            places: Mutex::new(Weak::new()),
        }
    }

    /// Returns the time of the tokenizer's start, by its timer.
    pub(crate) const fn started(&self) -> Duration {
        self.started
    }

    /// Sets the places that its connections take.
    pub(crate) fn serve_on(&self, places: &Arc<Places>) {
        let mut served = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        *served = Arc::downgrade(places);
    }

    /// Returns the places of its server; `None` when another server serves it, or none.
    pub(crate) fn places(&self) -> Option<Arc<Places>> {
        let places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.upgrade()
    }

    /// Counts an upload while the returned value lives.
    pub(crate) fn begin_upload(&self) -> RunningUpload<'_> {
        self.uploads.fetch_add(1, Ordering::Relaxed);
        RunningUpload(&self.uploads)
    }

    /// Returns the number of running uploads.
    pub(crate) fn uploads(&self) -> usize {
        self.uploads.load(Ordering::Relaxed)
    }
}

/// A running upload.
#[derive(Debug)]
pub(crate) struct RunningUpload<'a>(&'a AtomicUsize);

impl Drop for RunningUpload<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
