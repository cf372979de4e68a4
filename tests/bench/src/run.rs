//! The bench as a program: a run, or one of the processes that a run starts.

use crate::{client, groups::Ground, options::Options, programs::Programs, report::Group, server};
use anyhow::Result;
use clap::{Parser, Subcommand};
use std::{
    fs,
    io::{self, Write},
    process::ExitCode,
};
use tokio::runtime::Runtime;

/// Measure LunaDefend. Started by `cargo xtask bench`.
#[derive(Parser)]
#[command(name = "bench")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure, and print tables.
    Run(Options),
    /// Be one contender; for the run.
    #[command(hide = true)]
    Client,
    /// Be a server; for the run.
    #[command(hide = true)]
    Server,
}

/// The program, in a process whose allocations may be counted.
#[must_use]
pub fn main(allocations: fn() -> Option<u64>) -> ExitCode {
    let done = match Cli::parse().command {
        Command::Run(options) => measure(&options),
        Command::Client => runtime().and_then(|one| one.block_on(client::run(say, allocations))),
        Command::Server => runtime().and_then(|one| one.block_on(server::run(say, allocations))),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to be told when that fails.
            let _ = writeln!(io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The runtime of a process that is measured: of the kind that users have, with the number of threads that the run set.
fn runtime() -> Result<Runtime> {
    Ok(Runtime::new()?)
}

fn say(line: &str) {
    let mut out = io::stdout().lock();
    // Whoever started it has gone, and ends it.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

fn measure(options: &Options) -> Result<()> {
    let run = run(&Programs::find()?, options, say)?;
    fs::write(options.out.join("summary.md"), run.markdown())?;
    let json = serde_json::to_string_pretty(&run.json(options))?;
    fs::write(options.out.join("summary.json"), json)?;
    say(&format!("written to {}/summary.md", options.out.display()));
    Ok(())
}

/// What a run has found.
#[derive(Debug)]
pub struct Run {
    groups: Vec<Group>,
}

/// Runs the groups that are asked for, and says each one's tables when it is done.
///
/// # Errors
/// When a server does not answer as it should.
pub fn run(programs: &Programs, options: &Options, say: fn(&str)) -> Result<Run> {
    fs::create_dir_all(&options.out)?;
    let mut groups = Vec::new();
    for name in options.wanted() {
        let group = Ground::new(programs, options)?.run(name)?;
        say(&group.markdown());
        groups.push(group);
    }
    Ok(Run { groups })
}

impl Run {
    /// All tables, as Markdown.
    #[must_use]
    pub fn markdown(&self) -> String {
        let groups: Vec<_> = self.groups.iter().map(Group::markdown).collect();
        groups.join("\n")
    }

    /// All figures, with those of each round.
    #[must_use]
    pub fn json(&self, options: &Options) -> serde_json::Value {
        let groups: Vec<_> = self.groups.iter().map(Group::json).collect();
        serde_json::json!({
            "quick": options.quick,
            "rounds": options.rounds,
            "slice_ms": options.turn().as_millis(),
            "groups": groups,
        })
    }
}
