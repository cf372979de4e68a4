//! The commands of this repository: `cargo xtask <command>`. One file per command.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool talks to its user"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "a command line tool reads its environment and times its own steps"
)]

mod api;
mod bench;
mod budgets;
mod check;
mod command;
mod deps;
mod dist;
mod install;
mod mutate;
mod soak;
mod steps;
mod test;
mod tidy;
mod tools;
mod workspace;

use anyhow::{Result, bail};
use std::process::ExitCode;
use workspace::Workspace;

const USAGE: &str = "\
The commands of this repository.

Usage: cargo xtask <command> [arguments]

  test [CARGO ARGS] [-- TEST ARGS]
        Everything that tests, installing what the tests need: unit, integration and
        documentation tests of the whole workspace with all features. CARGO ARGS go to
        `cargo test`, and a `-p` among them replaces the whole workspace; TEST ARGS go to
        the test programs.
  check [STEP..] [--advisories]
        Everything else that must hold, or only the named steps:
          fmt       formatting
          tidy      the rules of the house that no lint knows
          deps      the invariants of the dependency tree
          scripts   the scripts of the browser half: types, lints, unit tests, sizes
          clippy    lints, on all targets with all features
          features  lints of each published crate alone, without features and with each one
                    (by cargo-hack)
          doc       documentation
          api       the public API of each published crate, which stands in docs/api
          openapi   docs/openapi.json, which is what the table of routes says
          deny      bans, licences and sources of dependencies (by cargo-deny)
          package   the packages as they would be published, compiled from what is in them
          budgets   the instructions and allocations of the hot pieces, which stand in
                    tests/budgets/budgets.toml (by valgrind)
        --advisories lets `deny` ask the advisory database too, which needs the network: a job
        that runs daily does, as what it says changes without a change here.
  soak [--seconds N] [--clients N] [--no-build] [APP..]
        Many users at once (500, for 5 seconds) on each example application, or only on the
        named ones, with a tokenizer in a process of its own: no error, no growth of memory,
        and on SIGTERM everybody gets their answer. Then, or alone as `values`, long values up and
        down in less than 64 MiB of memory, a slow one, and nothing left of cut ones. --no-build
        takes the programs as they are.
  soak --proxies [--seconds N] [--no-build]
        The life of a token behind nginx and haproxy, as docs/proxies.md configures them: over
        HTTP/2 and HTTP/1.1 with TLS, 100 idle connections at the idle time, and restarts of the
        tokenizer under load. Installs what is missing by apt-get, as root. Not part of the CI.
  soak --long [--no-build] [NAME..]
{LONG}  bench [--quick] [--rounds N] [--against REVISION] [--no-build] [GROUP..]
        How fast it is: contenders that take turns, in processes of their own, and their ratios. Writes
        target/bench/summary.md and summary.json. --quick takes less than three minutes; --no-build takes
        the programs as they are. docs/performance.md has the groups; `build` and `writer` run only when
        they are named, and --against compares them with another revision. Not part of the CI.
  dist [--prove] [--no-build]
        What is shipped, in target/dist/TARGET: the static program, root certificates, an SBOM, checksums.
        --prove starts it as ops/Dockerfile does, alone in an empty folder without a network: that it
        finds names and certificates, stores a value, stops, and how much memory and time it needs.
        As root, or as a user with subordinate ids. --no-build takes what is there. Not part of the CI.
  mutate [--list] [--find] [NAME..]
        Breaks one guard after the other, as xtask/mutations says, and sees whether the tests
        that it names fail. Not part of the CI. NAME is a package or a part of a name;
        --find shows which tests of the named targets fail.
  api [--update]
        Compares the public API of each published crate with docs/api; --update writes it there.
  budgets [--update]
        Counts what each hot piece costs and compares it with tests/budgets/budgets.toml; --update
        writes it there. Installs valgrind by apt-get, as root.
  deps  The invariants of the dependency tree.
  tidy  The rules of the house that no lint knows.
  help  This text.
";

fn usage() -> String {
    USAGE.replace("{LONG}", &soak::long_runs())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<()> {
    let Some((command, rest)) = arguments.split_first() else {
        print!("{}", usage());
        bail!("which command?");
    };
    let without_arguments = |run: fn(&Workspace) -> Result<()>| {
        if let Some(unknown) = rest.first() {
            bail!("`{command}` takes no arguments, but was given `{unknown}`");
        }
        run(&Workspace::open()?)
    };
    if rest.first().is_some_and(|first| first == "--help") {
        print!("{}", usage());
        return Ok(());
    }
    match command.as_str() {
        "test" => test::run(&Workspace::open()?, rest),
        "check" => check::run(&Workspace::open()?, rest),
        "soak" => soak::run(&Workspace::open()?, rest),
        "bench" => bench::run(&Workspace::open()?, rest),
        "dist" => dist::run(&Workspace::open()?, rest),
        "api" => api::run(&Workspace::open()?, rest),
        "budgets" => budgets::run(&Workspace::open()?, rest),
        "mutate" => mutate::run(&Workspace::open()?, rest),
        "deps" => without_arguments(deps::run),
        "tidy" => without_arguments(tidy::run),
        "help" | "--help" | "-h" => {
            print!("{}", usage());
            Ok(())
        }
        unknown => {
            eprint!("{}", usage());
            bail!("there is no command `{unknown}`")
        }
    }
}
