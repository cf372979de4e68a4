//! What a run is told.

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
    /// How long each turn is, such as `500ms`, in place of what the mode says.
    #[arg(long, value_parser = lunadefend_core::provider::parse_duration)]
    pub slice: Option<Duration>,
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
}

impl GroupName {
    /// Those that run when none is named.
    pub(crate) const ALL: &[Self] = &[Self::Sdk, Self::Tokenizer];
}

impl Options {
    /// How long a contender's turn is.
    #[must_use]
    pub(crate) fn turn(&self) -> Duration {
        let usual = Duration::from_millis(if self.quick { 200 } else { 1000 });
        self.slice.unwrap_or(usual)
    }

    /// The groups that are asked for, each once.
    #[must_use]
    pub(crate) fn wanted(&self) -> Vec<GroupName> {
        let mut groups = match &self.groups[..] {
            [] => GroupName::ALL.to_vec(),
            named => named.to_vec(),
        };
        groups.sort_unstable();
        groups.dedup();
        groups
    }
}
