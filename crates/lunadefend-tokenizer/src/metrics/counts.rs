//! What is done with grants and values, and what is refused for its rate.

use crate::{Limits, error::Cause, rates::Rule};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::{Registry, Unit},
};
use std::num::NonZeroU32;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct By {
    rule: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Verdict {
    valid: bool,
}

/// Where a value went.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Direction {
    /// Into the store.
    In,
    /// Out of it.
    Out,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Went {
    direction: &'static str,
}

impl Direction {
    const fn label(self) -> Went {
        let direction = match self {
            Self::In => "in",
            Self::Out => "out",
        };
        Went { direction }
    }
}

/// Counters of what a tokenizer is there for.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    limited: Family<By, Counter>,
    grants: Counter,
    verdicts: Family<Verdict, Counter>,
    values: Family<Went, Counter>,
    value_bytes: Family<Went, Counter>,
    failures_of_store: Counter,
    reads_limit: Gauge,
}

impl Counts {
    pub(super) fn new(limits: &Limits) -> Self {
        let counts = Self::default();
        let limit = limits.reads.map_or(0, NonZeroU32::get);
        counts.reads_limit.set(limit.into());
        counts
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        // Each is there from the start: an alert on a series that does not exist never fires.
        for rule in Rule::ALL {
            drop(self.limited.get_or_create(&By { rule: rule.name() }));
        }
        for valid in [true, false] {
            drop(self.verdicts.get_or_create(&Verdict { valid }));
        }
        for direction in [Direction::In, Direction::Out] {
            drop(self.values.get_or_create(&direction.label()));
            drop(self.value_bytes.get_or_create(&direction.label()));
        }
        registry.register(
            "limited_requests",
            "Requests that were refused because a limit in a time was reached",
            self.limited.clone(),
        );
        registry.register("grants", "Grants that were set", self.grants.clone());
        registry.register(
            "verdicts",
            "Answers to whether a session holds a live grant",
            self.verdicts.clone(),
        );
        registry.register(
            "values",
            "Values that were stored, and that were given out or begun to be",
            self.values.clone(),
        );
        registry.register_with_unit(
            "value",
            "The lengths of these values together",
            Unit::Bytes,
            self.value_bytes.clone(),
        );
        registry.register(
            "store_errors",
            "Requests that failed because of the store",
            self.failures_of_store.clone(),
        );
        registry.register(
            "reads_limit",
            "How many values all sessions together may ask for in an hour; 0 without a limit",
            self.reads_limit.clone(),
        );
    }

    /// Counts a failure by its cause.
    pub(crate) fn failed(&self, cause: Cause) {
        match cause {
            Cause::Rate(over) => {
                self.limited
                    .get_or_create(&By {
                        rule: over.rule.name(),
                    })
                    .inc();
            }
            Cause::Store => {
                self.failures_of_store.inc();
            }
        }
    }

    /// Counts so many grants.
    pub(crate) fn granted(&self, grants: usize) {
        self.grants.inc_by(grants as u64);
    }

    /// Counts a verdict.
    pub(crate) fn verified(&self, valid: bool) {
        self.verdicts.get_or_create(&Verdict { valid }).inc();
    }

    /// Counts a value of that length.
    pub(crate) fn value(&self, direction: Direction, bytes: u64) {
        let went = direction.label();
        self.values.get_or_create(&went).inc();
        self.value_bytes.get_or_create(&went).inc_by(bytes);
    }
}
