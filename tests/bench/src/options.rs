//! What a run is told.

use crate::lineup::Entrant;
use clap::{Args, ValueEnum};
use std::{path::PathBuf, time::Duration};

/// What is measured, and for how long.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// The groups; all that can run on this system without an option of their own, when none is named.
    pub groups: Vec<GroupName>,
    /// Short slices of time, and small stores: for a first look, in less than three minutes.
    #[arg(long)]
    pub quick: bool,
    /// How often each contender has its turn.
    #[arg(long, default_value_t = 5)]
    pub rounds: usize,
    /// Contenders by a part of their name, such as `"verify @64"`; all when none is named. Ratios to others are not told.
    #[arg(long, value_name = "TEXT")]
    pub only: Vec<String>,
    /// Where PostgreSQL is, with the schema of the tokenizer.
    #[arg(long, value_name = "URL")]
    pub postgres: Option<String>,
    /// Another revision of this repository, such as `1be83c5`, for the groups `build` and `writer`.
    #[arg(long, value_name = "REVISION")]
    pub against: Option<String>,
    /// Less than a measure: for the test of the bench.
    #[arg(skip)]
    pub tiny: bool,
    /// The folder for stores and for the summary.
    #[arg(long, default_value = "target/bench")]
    pub out: PathBuf,
}

/// A group of contenders that take turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum GroupName {
    /// What the SDK costs, against a stub and against our tokenizer.
    Sdk,
    /// What the tokenizer costs, against hyper alone.
    Tokenizer,
    /// The tokenizer on a store that is nearly empty, and on one of millions of grants.
    Grants,
    /// How long calls take while the tokenizer's store is swept, backed up or sealed again.
    Upkeep,
    /// Long values up and down, against the disk and against hyper alone.
    Values,
    /// From the start of the process to the first verified grant.
    Start,
    /// The tokenizer on PostgreSQL.
    Postgres,
    /// The writer thread of this tokenizer, against that of another revision. Only when it is named.
    Writer,
    /// A cold build of what an application depends on, also of another revision. Only when it is named.
    Build,
}

impl GroupName {
    /// Those that run when none is named.
    pub const ALL: &[Self] = &[
        Self::Sdk,
        Self::Tokenizer,
        Self::Grants,
        Self::Upkeep,
        Self::Values,
        Self::Start,
    ];
}

impl Options {
    /// How long a contender's turn is.
    #[must_use]
    pub(crate) const fn turn(&self) -> Duration {
        Duration::from_millis(self.sized([10, 200, 1000]) as u64)
    }

    /// How many callers a contender with so many operations at once has: few for the test of the bench.
    #[must_use]
    pub(crate) fn callers(&self, in_flight: usize) -> usize {
        in_flight.min(self.sized([4, usize::MAX, usize::MAX]))
    }

    /// One of three numbers: for the test of the bench, for a first look, and to measure.
    #[must_use]
    pub(crate) const fn sized(&self, [tiny, quick, full]: [usize; 3]) -> usize {
        match (self.tiny, self.quick) {
            (true, _) => tiny,
            (false, true) => quick,
            (false, false) => full,
        }
    }

    /// The contenders that are asked for.
    pub(crate) fn chosen(&self, entrants: &[Entrant]) -> Vec<Entrant> {
        let is_asked_for = |entrant: &&Entrant| {
            let name = entrant.id.to_string();
            self.only.is_empty() || self.only.iter().any(|part| name.contains(part))
        };
        entrants.iter().filter(is_asked_for).cloned().collect()
    }

    /// The groups that are asked for, each once.
    #[must_use]
    pub(crate) fn wanted(&self) -> Vec<GroupName> {
        let mut groups = match &self.groups[..] {
            [] => {
                let postgres = self.postgres.iter().map(|_| GroupName::Postgres);
                GroupName::ALL.iter().copied().chain(postgres).collect()
            }
            named => named.to_vec(),
        };
        groups.sort_unstable();
        groups.dedup();
        groups
    }
}
