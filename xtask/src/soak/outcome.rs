//! What a soak measured, and whether that is good enough.

use anyhow::{Context as _, Result, ensure};
use std::{fmt, process::ExitStatus, time::Duration};

/// How much larger the application may be at the end than when it was warm.
const MOST_GROWTH: f64 = 1.2;
/// How long the application may take to end, once it was told to.
const SLOWEST_END: Duration = Duration::from_secs(15);

/// What was measured.
#[derive(Debug)]
pub(super) struct Outcome {
    /// How many users there were.
    pub(super) clients: u64,
    /// Requests while it was measured, errors among them, and for how long that was.
    pub(super) requests: u64,
    pub(super) errors: u64,
    pub(super) millis: u64,
    /// Resident memory before and after that.
    pub(super) warm_kib: u64,
    pub(super) end_kib: u64,
    /// Requests in flight on SIGTERM, and what became of them.
    pub(super) held: u64,
    pub(super) answered: u64,
    pub(super) failed: u64,
    /// How the application ended, and how long after SIGTERM.
    pub(super) status: ExitStatus,
    pub(super) ended_after: Duration,
}

impl Outcome {
    pub(super) fn judge(&self) -> Result<()> {
        ensure!(self.requests > 0, "nothing was answered: {self}");
        ensure!(self.errors == 0, "there were errors: {self}");
        ensure!(
            self.growth() <= MOST_GROWTH,
            "its memory grew to more than {MOST_GROWTH} times: {self}"
        );
        ensure!(
            self.held == self.clients,
            "not every user had a request in flight on SIGTERM: {self}"
        );
        ensure!(
            self.answered == self.held && self.failed == 0,
            "not every request in flight on SIGTERM was answered: {self}"
        );
        ensure!(self.status.success(), "it did not end well: {self}");
        ensure!(self.ended_after <= SLOWEST_END, "it ended too late: {self}");
        Ok(())
    }

    fn growth(&self) -> f64 {
        self.end_kib as f64 / self.warm_kib as f64
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.millis as f64 / 1000.0;
        let mib = |kib: u64| kib as f64 / 1024.0;
        write!(
            f,
            "{} users, {} requests in {seconds:.1} s ({:.0}/s), {} errors; ",
            self.clients,
            self.requests,
            self.requests as f64 / seconds,
            self.errors
        )?;
        write!(
            f,
            "memory {:.1} MiB when warm, {:.1} MiB at the end ({:.2} times); ",
            mib(self.warm_kib),
            mib(self.end_kib),
            self.growth()
        )?;
        write!(
            f,
            "of {} in flight on SIGTERM {} answered, {} of them wrongly; {} after {:.1} s",
            self.held,
            self.answered,
            self.failed,
            self.status,
            self.ended_after.as_secs_f64()
        )
    }
}

/// The number behind `name` in a line.
pub(super) fn number(line: &str, name: &str) -> Result<u64> {
    line.split_whitespace()
        .find_map(|word| word.strip_prefix(name))
        .and_then(|number| number.parse().ok())
        .with_context(|| format!("no {name} in `{line}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Outcome {
        Outcome {
            clients: 500,
            requests: 9000,
            errors: 0,
            millis: 5000,
            warm_kib: 50_000,
            end_kib: 60_000,
            held: 500,
            answered: 500,
            failed: 0,
            status: ExitStatus::default(),
            ended_after: Duration::from_secs(1),
        }
    }

    #[test]
    fn one_thing_wrong_is_enough() {
        good().judge().unwrap();
        let spoilt: [fn(&mut Outcome); 8] = [
            |outcome| outcome.requests = 0,
            |outcome| outcome.errors = 1,
            |outcome| outcome.end_kib += 1,
            |outcome| outcome.held = 499,
            |outcome| outcome.answered = 499,
            |outcome| outcome.failed = 1,
            |outcome| outcome.ended_after = Duration::from_secs(16),
            |outcome| outcome.warm_kib = 0,
        ];
        for spoil in spoilt {
            let mut outcome = good();
            spoil(&mut outcome);
            assert!(outcome.judge().is_err(), "{outcome}");
        }
    }

    #[test]
    fn numbers_are_found_by_name() {
        let line = "requests=12 errors=0";
        assert_eq!(number(line, "requests=").unwrap(), 12);
        assert_eq!(number(line, "errors=").unwrap(), 0);
        assert!(number(line, "millis=").is_err());
        assert!(number("requests=many", "requests=").is_err());
    }
}
