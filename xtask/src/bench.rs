//! `cargo xtask bench`: builds what users run and the contenders beside it, all in release, and lets them take turns.
//!
//! The contenders, their turns and the tables are `lunadefend-bench`, in `tests/bench`.

use crate::{
    command::{self, cargo},
    soak::{
        Programs,
        shared::{PostgresServer, SharedStore as _},
    },
    workspace::Workspace,
};
use anyhow::{Result, ensure};
use std::{path::Path, process::Command};

/// The packages whose programs take part.
const PACKAGES: [&str; 2] = ["lunadefend-cli", "lunadefend-bench"];

/// Where Debian has PostgreSQL.
const POSTGRES: &str = "/usr/lib/postgresql";

pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    ensure!(
        cfg!(target_os = "linux"),
        "bench reads processor times from /proc, which only Linux has"
    );
    let (build, arguments) = split(arguments);
    if build {
        let packages = PACKAGES.iter().flat_map(|package| ["-p", package]);
        let mut build = cargo(workspace.root());
        let build = build.args(["build", "--release", "--locked"]);
        let build = build.args(packages);
        command::run(build.args(["--features", "lunadefend-cli/postgres"]))?;
    }
    let programs = workspace.target().join("release");
    let bench = programs.join("bench");
    ensure!(bench.is_file(), "{} is not built", bench.display());
    let mut run = in_batches(workspace.root());
    let out = workspace.target().join("bench");
    run.arg(&bench)
        .arg("run")
        .args(&arguments)
        .arg("--out")
        .arg(out);
    // It ends when the bench has ended.
    let server = match wants_postgres(&arguments, Path::new(POSTGRES).is_dir()) {
        true => Some(PostgresServer::start(workspace, &Programs(programs))?),
        false => None,
    };
    for (_, url) in server.iter().flat_map(PostgresServer::settings) {
        run.args(["--postgres", &url]);
    }
    command::run(&mut run)
}

/// Runs a program, and all that it starts, in the scheduler's class for batches (`SCHED_BATCH`): a process that is woken does not
/// stop the one that runs. Else a client that waits would take the processor from the server at each answer, which costs more
/// than the answer, and which no client across a network can.
fn in_batches(directory: &Path) -> Command {
    let mut program = command::program("chrt", directory);
    program.args(["--batch", "0"]);
    program
}

/// Whether a PostgreSQL is wanted: when it is named, and when it is there and no group is named.
fn wants_postgres(arguments: &[&String], is_there: bool) -> bool {
    /// Options with a value, which is no group.
    const WITH_VALUE: [&str; 3] = ["--rounds", "--against", "--only"];
    let mut groups = Vec::new();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            option if WITH_VALUE.contains(&option) => drop(arguments.next()),
            option if option.starts_with('-') => {}
            group => groups.push(group),
        }
    }
    groups.contains(&"postgres") || (is_there && groups.is_empty())
}

/// Whether to build, and what the bench itself is told.
fn split(arguments: &[String]) -> (bool, Vec<&String>) {
    let is_ours = |argument: &&String| *argument == "--no-build";
    let build = !arguments.iter().any(|argument| is_ours(&argument));
    let others = arguments.iter().filter(|argument| !is_ours(argument));
    (build, others.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_but_the_build_is_for_the_bench() {
        let arguments = ["sdk", "--no-build", "--quick"].map(str::to_owned);
        let (build, others) = split(&arguments);
        assert!(!build);
        assert_eq!(others, ["sdk", "--quick"]);
        assert!(split(&arguments[..1]).0);
    }

    #[test]
    fn postgres_is_started_when_it_is_named_or_there() {
        let wants = |words: &str, is_there| {
            let words: Vec<_> = words.split_whitespace().map(str::to_owned).collect();
            wants_postgres(&words.iter().collect::<Vec<_>>(), is_there)
        };
        assert!(wants("", true));
        assert!(wants("--quick --rounds 3 --against head --only sdk", true));
        assert!(!wants("", false));
        assert!(!wants("sdk --rounds 3", true));
        assert!(wants("sdk postgres", false));
    }
}
