//! The metrics of a running tokenizer, for Prometheus.
//!
//! Numbers that [`Activity`](crate::activity::Activity) or others keep anyway are read from them when they are asked
//! for; here is what nobody else counts.

mod counts;

pub(crate) use counts::{Counts, Direction};

use crate::{
    Limits,
    status::{KeysStatus, Status, StoreStatus},
};
use lunadefend_audit::Counters;
use lunadefend_core::provider::UnixMillis;
use lunadefend_vault::store::Commits;
use prometheus_client::{
    encoding::{EncodeLabelSet, text},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram, info::Info},
    registry::{Registry, Unit},
};
use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// The upper bounds of the buckets of latencies, in seconds. A grant takes a millisecond, a request 30 s at most.
const LATENCIES: [f64; 10] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 5.0, 30.0];

/// An outcome.
///
/// # Security
/// Both are of fixed sets. Nothing of a request may become a label: anyone could make series without end, and a path
/// may hold a signed URL.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    /// The label of a row of the table of routes.
    route: &'static str,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Of {
    route: &'static str,
}

/// The metrics of one tokenizer.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Outcome, Counter>,
    latency: Family<Of, Histogram, fn() -> Histogram>,
    pub(crate) counts: Counts,
    now: Gauges,
    swept_rows: Counter,
    swept_blobs: Counter,
    failed_sweeps: Counter,
    last_sweep: Gauge,
}

/// What is read when the metrics are asked for.
#[derive(Debug, Default)]
struct Gauges {
    uptime: Gauge,
    draining: Gauge,
    store_works: Gauge,
    store_has_room: Gauge,
    keys_known: Gauge,
    keys_fresh: Gauge,
    key_age: Gauge,
    connections: Gauge,
    places: Gauge,
    uploads: Gauge,
    key_versions: Gauge,
    clock_difference: Gauge<f64, AtomicU64>,
    commits: Counter,
    commit_writes: Counter,
    audit_lines: Counter,
    audit_missing_lines: Counter,
    audit_failing: Gauge,
}

/// What others count and know when the metrics are asked for.
pub(crate) struct Reading {
    pub(crate) status: Status,
    pub(crate) draining: bool,
    /// Between the clock of this machine and that of the store.
    pub(crate) clock_difference: Duration,
    pub(crate) commits: Commits,
    /// The number of wrapping keys in the store's ring.
    pub(crate) key_versions: usize,
    /// Those of the audit log, if there is one.
    pub(crate) audit: Option<Counters>,
}

fn latencies() -> Histogram {
    Histogram::new(LATENCIES)
}

impl Metrics {
    pub(crate) fn new(limits: &Limits) -> Self {
        let mut registry = Registry::with_prefix("lunadefend");
        let metrics = Self {
            registry: Registry::default(),
            requests: Family::default(),
            latency: Family::new_with_constructor(latencies),
            counts: Counts::new(limits),
            now: Gauges::default(),
            swept_rows: Counter::default(),
            swept_blobs: Counter::default(),
            failed_sweeps: Counter::default(),
            last_sweep: Gauge::default(),
        };
        let version = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The version of the program", version);
        registry.register(
            "requests",
            "Requests that were answered",
            metrics.requests.clone(),
        );
        registry.register_with_unit(
            "request_duration",
            "The time from a request's head to the start of its response",
            Unit::Seconds,
            metrics.latency.clone(),
        );
        for (name, help, counter) in [
            (
                "swept_rows",
                "Expired rows that were deleted",
                &metrics.swept_rows,
            ),
            (
                "swept_blobs",
                "Remains of uploads that were deleted",
                &metrics.swept_blobs,
            ),
            (
                "failed_sweeps",
                "Rounds of deletion that failed",
                &metrics.failed_sweeps,
            ),
        ] {
            registry.register(name, help, counter.clone());
        }
        registry.register_with_unit(
            "last_sweep_timestamp",
            "When a round of deletion last succeeded, since the Unix epoch; 0 before the first",
            Unit::Seconds,
            metrics.last_sweep.clone(),
        );
        metrics.counts.register(&mut registry);
        metrics.now.register(&mut registry);
        Self {
            registry,
            ..metrics
        }
    }

    /// Counts an answered request.
    pub(crate) fn answered(&self, route: &'static str, status: u16, took: Duration) {
        self.requests
            .get_or_create(&Outcome { route, status })
            .inc();
        self.latency
            .get_or_create(&Of { route })
            .observe(took.as_secs_f64());
    }

    /// Counts a round of deletion that succeeded at that time.
    pub(crate) fn swept(&self, rows: usize, blobs: usize, at: UnixMillis) {
        self.swept_rows.inc_by(rows as u64);
        self.swept_blobs.inc_by(blobs as u64);
        self.last_sweep.set(integer(at.get() / 1000));
    }

    /// Counts a round of deletion that failed.
    pub(crate) fn sweep_failed(&self) {
        self.failed_sweeps.inc();
    }

    /// Returns all metrics in the text format of OpenMetrics.
    ///
    /// # Errors
    /// When a metric cannot be written as text, which none of ours is.
    pub(crate) fn encode(&self, reading: &Reading) -> Result<String, fmt::Error> {
        self.now.set(reading);
        let mut text = String::new();
        text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

impl Gauges {
    fn register(&self, registry: &mut Registry) {
        let seconds = [
            ("uptime", "The time since the start", &self.uptime),
            (
                "key_set_age",
                "The time since the fetch of the key set; 0 without one",
                &self.key_age,
            ),
        ];
        for (name, help, gauge) in seconds {
            registry.register_with_unit(name, help, Unit::Seconds, gauge.clone());
        }
        for (name, help, gauge) in [
            ("draining", "1 after the signal to stop", &self.draining),
            (
                "store_works",
                "1 while the store can be read and written",
                &self.store_works,
            ),
            (
                "store_has_room",
                "1 while the store takes new values",
                &self.store_has_room,
            ),
            (
                "keys_known",
                "1 while there is a key to verify JWTs with",
                &self.keys_known,
            ),
            (
                "keys_fresh",
                "1 while it needs no new fetch",
                &self.keys_fresh,
            ),
            (
                "connections",
                "Connections of clients; 0 under the server of another crate",
                &self.connections,
            ),
            (
                "connection_places",
                "The maximum of connections; 0 under the server of another crate",
                &self.places,
            ),
            ("uploads", "Running uploads", &self.uploads),
            (
                "key_versions",
                "Versions of the wrapping key; more than one until the old one is retired",
                &self.key_versions,
            ),
            (
                "audit_failing",
                "1 while the audit log cannot be written",
                &self.audit_failing,
            ),
        ] {
            registry.register(name, help, gauge.clone());
        }
        registry.register_with_unit(
            "store_clock_difference",
            "Between the clock of this machine and that of the store; 0 for a store without one",
            Unit::Seconds,
            self.clock_difference.clone(),
        );
        for (name, help, counter) in [
            ("commits", "Commits of the store in a file", &self.commits),
            (
                "commit_writes",
                "Writes that shared these commits",
                &self.commit_writes,
            ),
            (
                "audit_lines",
                "Acts whose line is in the audit log",
                &self.audit_lines,
            ),
            (
                "audit_missing_lines",
                "Acts whose line is not, refused where one is required",
                &self.audit_missing_lines,
            ),
        ] {
            registry.register(name, help, counter.clone());
        }
    }

    fn set(&self, reading: &Reading) {
        let status = &reading.status;
        let (known, fresh, age) = match status.keys {
            KeysStatus::Configured => (true, true, 0),
            KeysStatus::Jwks { fetched: None } => (false, false, 0),
            KeysStatus::Jwks { fetched: Some(set) } => (true, set.fresh, set.age_seconds),
        };
        let (used, maximum) = match &status.connections {
            Some(places) => (places.used, places.maximum),
            None => (0, 0),
        };
        self.uptime.set(integer(status.uptime_seconds));
        self.draining.set(reading.draining.into());
        self.key_versions.set(integer(reading.key_versions as u64));
        self.clock_difference
            .set(reading.clock_difference.as_secs_f64());
        let set = |counter: &Counter, count| counter.inner().store(count, Ordering::Relaxed);
        set(&self.commits, reading.commits.commits);
        set(&self.commit_writes, reading.commits.writes);
        if let Some(audit) = &reading.audit {
            set(&self.audit_lines, audit.recorded);
            set(&self.audit_missing_lines, audit.unrecorded);
            self.audit_failing.set(audit.is_failing.into());
        }
        self.store_works
            .set((status.store != StoreStatus::Unavailable).into());
        self.store_has_room
            .set((status.store == StoreStatus::Ok).into());
        self.keys_known.set(known.into());
        self.keys_fresh.set(fresh.into());
        self.key_age.set(integer(age));
        self.connections.set(used.into());
        self.places.set(maximum.into());
        self.uploads.set(integer(status.uploads as u64));
    }
}

fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
