//! One run of tests on a broken source.

use super::list::Mutation;
use crate::command::{self, cargo, program};
use anyhow::{Context as _, Result, ensure};
use std::{
    collections::BTreeSet,
    fmt,
    io::{BufRead as _, BufReader},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

/// Without a line for so long, the tests hang.
const SILENCE: Duration = Duration::from_secs(300);

/// Where mutations are tried.
pub(super) struct Trial {
    tree: PathBuf,
    target: PathBuf,
    environment: Vec<(&'static str, PathBuf)>,
}

/// What came of it.
pub(super) enum Verdict {
    /// Every named test failed, or never ended.
    Caught,
    /// These named tests passed, or are not there.
    Missed(Vec<String>),
    /// Asked to find them: the tests that fail, with their targets.
    Found(BTreeSet<String>),
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Caught => f.write_str("caught"),
            Self::Missed(tests) => write!(f, "MISSED by {}:", tests.join(", ")),
            Self::Found(tests) if tests.is_empty() => f.write_str("MISSED by all tests:"),
            Self::Found(tests) => write!(f, "tests = {tests:#?}\n# caught"),
        }
    }
}

impl Trial {
    pub(super) fn new(
        tree: &Path,
        target: &Path,
        environment: Vec<(&'static str, PathBuf)>,
    ) -> Self {
        Self {
            tree: tree.to_owned(),
            target: target.to_owned(),
            environment,
        }
    }

    /// Runs the named tests: each must fail.
    pub(super) fn run(&self, mutation: &Mutation) -> Result<Verdict> {
        let names: Vec<_> = mutation
            .tests
            .iter()
            .map(|test| test.name.as_str())
            .collect();
        let outcome = self.outcome(mutation, &mutation.targets(), &names)?;
        let missed: Vec<_> = mutation
            .tests
            .iter()
            .filter(|test| !outcome.failed.contains(&test.name))
            .map(|test| test.name.clone())
            .collect();
        Ok(if missed.is_empty() || outcome.hung {
            Verdict::Caught
        } else {
            Verdict::Missed(missed)
        })
    }

    /// Runs all tests of the targets that the mutation names, to see which fail.
    pub(super) fn find(&self, mutation: &Mutation) -> Result<Verdict> {
        let mut found = BTreeSet::new();
        for target in mutation.targets() {
            let outcome = self.outcome(mutation, &BTreeSet::from([target]), &[])?;
            found.extend(outcome.failed.iter().map(|name| format!("{target} {name}")));
        }
        Ok(Verdict::Found(found))
    }

    fn outcome(
        &self,
        mutation: &Mutation,
        targets: &BTreeSet<&str>,
        names: &[&str],
    ) -> Result<Outcome> {
        // First alone: on a busy machine it is silent for longer than tests may be.
        let mut build = self.cargo(mutation, targets);
        ensure!(
            command::succeeds(build.arg("--no-run")),
            "`{}` does not compile: it shows nothing",
            mutation.name
        );
        let mut cargo = self.cargo(mutation, targets);
        cargo
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // So that tests that hang end with the cargo that runs them.
            .process_group(0);
        if !names.is_empty() {
            cargo.args(["--", "--exact"]).args(names);
        }
        let outcome = Outcome::of(cargo.spawn().context("cannot run cargo")?)?;
        ensure!(outcome.began, "`{}`: no test began", mutation.name);
        Ok(outcome)
    }

    /// The tests of these targets.
    fn cargo(&self, mutation: &Mutation, targets: &BTreeSet<&str>) -> Command {
        let mut cargo = cargo(&self.tree);
        cargo
            .args(["test", "--all-features", "--locked", "--no-fail-fast"])
            .env("CARGO_TARGET_DIR", &self.target)
            .envs(self.environment.iter().map(|(name, path)| (name, path)))
            // One mutation must not leave its counterexamples to the next.
            .env("PROPTEST_FAILURE_PERSISTENCE", "off");
        for package in &mutation.packages {
            cargo.args(["-p", package]);
        }
        for target in targets {
            match *target {
                "lib" => cargo.arg("--lib"),
                "bin" => cargo.arg("--bins"),
                name => cargo.args(["--test", name]),
            };
        }
        cargo
    }
}

fn end_group(leader: &Child) -> Result<()> {
    let mut kill = program("kill", Path::new("."));
    kill.args(["-KILL", "--", &format!("-{}", leader.id())]);
    command::run(&mut kill).context("cannot end the tests")
}

#[derive(Default)]
struct Outcome {
    began: bool,
    hung: bool,
    failed: BTreeSet<String>,
}

impl Outcome {
    fn of(mut child: Child) -> Result<Self> {
        let stdout = child.stdout.take().context("no output")?;
        let (send, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    break;
                }
            }
        });
        let mut outcome = Self::default();
        loop {
            match lines.recv_timeout(SILENCE) {
                Ok(line) => outcome.add(&line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    outcome.hung = true;
                    end_group(&child)?;
                    break;
                }
            }
        }
        child.wait().context("cannot wait for the tests")?;
        Ok(outcome)
    }

    fn add(&mut self, line: &str) {
        if line.starts_with("running ") {
            self.began = true;
        } else if let Some(test) = line
            .strip_prefix("test ")
            .and_then(|rest| rest.split_once(" ... "))
            .filter(|(_, verdict)| verdict.ends_with("FAILED"))
        {
            self.failed
                .insert(test.0.trim_end_matches(" - should panic").to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_tests_are_read_from_the_lines() {
        let mut outcome = Outcome::default();
        outcome.add("   Compiling x");
        assert!(!outcome.began);
        for line in [
            "running 2 tests",
            "test a::b ... ok",
            "test a::c ... FAILED",
            "test result: FAILED. 1 passed; 1 failed",
        ] {
            outcome.add(line);
        }
        assert!(outcome.began);
        assert_eq!(outcome.failed, BTreeSet::from(["a::c".to_owned()]));
    }
}
