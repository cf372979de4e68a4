//! `cargo xtask test`: everything that tests, after installing what the tests need.

mod browsers;
pub(crate) mod oracles;
pub(crate) mod postgres;

use crate::{
    command::{self, cargo},
    install,
    workspace::Workspace,
};
use anyhow::{Result, bail};
use std::path::PathBuf;

/// Installs what the tests need, and returns the environment that tells them where it is.
pub(crate) fn environment(workspace: &Workspace) -> Result<Vec<(&'static str, PathBuf)>> {
    let mut environment = oracles::install(workspace)?;
    environment.extend(browsers::install(workspace)?);
    environment.extend(postgres::install(workspace)?);
    install_systemd(workspace);
    Ok(environment)
}

/// Installs `systemd-analyze`, which judges `ops/lunadefend.service`. The test says what to do when it is missing.
fn install_systemd(workspace: &Workspace) {
    let root = workspace.root();
    if !command::succeeds(command::program("systemd-analyze", root).arg("--version")) {
        install::system_packages(root, &["systemd"]);
    }
}

pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    let environment = environment(workspace)?;
    let (for_cargo, for_tests) = split(arguments);

    let mut cargo = cargo(workspace.root());
    cargo.args(["test", "--all-features", "--locked", "--no-fail-fast"]);
    if !selects_packages(for_cargo) {
        cargo.arg("--workspace");
    }
    cargo.args(for_cargo).envs(environment);
    if !for_tests.is_empty() {
        cargo.arg("--").args(for_tests);
    }

    let mut sum = Sum::default();
    let status = command::stream(&mut cargo, |line| sum.add(line))?;
    println!("{} passed, {} failed", sum.passed, sum.failed);
    if !status.success() && sum.failed == 0 {
        bail!("the tests did not all run: see what cargo says above ({status})");
    }
    if !status.success() || sum.failed > 0 {
        bail!("{} tests failed", sum.failed);
    }
    Ok(())
}

/// What goes to cargo, and what goes to the test programs.
fn split(arguments: &[String]) -> (&[String], &[String]) {
    match arguments.iter().position(|argument| argument == "--") {
        Some(at) => (&arguments[..at], &arguments[at + 1..]),
        None => (arguments, &[]),
    }
}

fn selects_packages(arguments: &[String]) -> bool {
    arguments
        .iter()
        .any(|argument| argument.starts_with("-p") || argument.starts_with("--package"))
}

/// What the closing lines of the test programs add up to.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sum {
    passed: u64,
    failed: u64,
}

impl Sum {
    /// Takes a line such as `test result: ok. 12 passed; 0 failed; 1 ignored; ..`.
    fn add(&mut self, line: &str) {
        let Some(counts) = line.strip_prefix("test result: ") else {
            return;
        };
        let counts = counts.split_once(". ").map_or(counts, |(_, counts)| counts);
        for count in counts.split("; ") {
            match count.split_once(' ') {
                Some((number, "passed")) => self.passed += number.parse().unwrap_or(0),
                Some((number, "failed")) => self.failed += number.parse().unwrap_or(0),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn closing_lines_add_up() {
        let mut sum = Sum::default();
        for line in [
            "running 3 tests",
            "test a ... ok",
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 4 filtered out; finished in 0.1s",
            "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out",
            "a test printed: 9 passed; 9 failed",
        ] {
            sum.add(line);
        }
        assert_eq!(
            sum,
            Sum {
                passed: 15,
                failed: 2
            }
        );
    }

    #[test]
    fn arguments_go_to_cargo_or_to_the_tests() {
        let given = arguments(&["-p", "a", "--", "--nocapture", "--", "x"]);
        let (for_cargo, for_tests) = split(&given);
        assert_eq!(for_cargo, ["-p", "a"]);
        assert_eq!(for_tests, ["--nocapture", "--", "x"]);
        assert_eq!(
            split(&arguments(&["--lib"])),
            (&arguments(&["--lib"])[..], &[][..])
        );
    }

    #[test]
    fn a_package_replaces_the_workspace() {
        assert!(selects_packages(&arguments(&["--lib", "-p", "a"])));
        assert!(selects_packages(&arguments(&["--package=a"])));
        assert!(!selects_packages(&arguments(&["--lib", "name"])));
    }
}
