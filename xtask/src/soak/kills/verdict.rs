//! What became of everything that was asked while processes were killed.

use crate::soak::outcome::number;
use anyhow::{Result, ensure};
use std::fmt;

/// What the load says at its end; `kills` of `lunadefend-tests` says what is what.
#[derive(Debug)]
pub(in crate::soak) struct Verdict {
    pub(in crate::soak) kills: usize,
    pub(in crate::soak) requests: u64,
    pub(in crate::soak) acknowledged: u64,
    /// Requests that no process took, and those of which nobody knows whether they were done.
    pub(in crate::soak) unsent: u64,
    pub(in crate::soak) unknown: u64,
    pub(in crate::soak) wrong: u64,
    pub(in crate::soak) lost: u64,
    pub(in crate::soak) twice: u64,
    /// What was looked at again: values, grants, values of one read, transfers.
    pub(in crate::soak) looked_at: [u64; 4],
}

impl Verdict {
    pub(in crate::soak) fn parse(kills: usize, line: &str) -> Result<Self> {
        Ok(Self {
            kills,
            requests: number(line, "requests=")?,
            acknowledged: number(line, "acknowledged=")?,
            unsent: number(line, "unsent=")?,
            unknown: number(line, "unknown=")?,
            wrong: number(line, "wrong=")?,
            lost: number(line, "lost=")?,
            twice: number(line, "twice=")?,
            looked_at: [
                number(line, "values=")?,
                number(line, "grants=")?,
                number(line, "one_time=")?,
                number(line, "transfers=")?,
            ],
        })
    }

    pub(in crate::soak) fn judge(&self) -> Result<()> {
        ensure!(self.lost == 0, "something acknowledged was lost: {self}");
        ensure!(self.twice == 0, "something worked twice: {self}");
        ensure!(self.wrong == 0, "there were wrong answers: {self}");
        ensure!(self.unknown > 0, "nobody noticed the kills: {self}");
        ensure!(
            self.looked_at.iter().all(|count| *count > 0),
            "not everything was looked at: {self}"
        );
        Ok(())
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [values, grants, one_time, transfers] = self.looked_at;
        write!(
            f,
            "{} kills, {} requests, {} acknowledged, {} unsent, {} unknown, {} wrong; of {values} values, {grants} grants, \
             {one_time} values of one read and {transfers} transfers {} lost, {} twice",
            self.kills,
            self.requests,
            self.acknowledged,
            self.unsent,
            self.unknown,
            self.wrong,
            self.lost,
            self.twice
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "requests=900 acknowledged=880 unsent=10 unknown=10 wrong=0 lost=0 twice=0 values=9 grants=18 one_time=4 transfers=5";

    #[test]
    fn one_thing_wrong_is_enough() {
        let good = || Verdict::parse(50, LINE).unwrap();
        good().judge().unwrap();
        assert!(good().to_string().starts_with("50 kills, 900 requests"));
        let spoilt: [fn(&mut Verdict); 8] = [
            |verdict| verdict.lost = 1,
            |verdict| verdict.twice = 1,
            |verdict| verdict.wrong = 1,
            |verdict| verdict.unknown = 0,
            |verdict| verdict.looked_at[0] = 0,
            |verdict| verdict.looked_at[1] = 0,
            |verdict| verdict.looked_at[2] = 0,
            |verdict| verdict.looked_at[3] = 0,
        ];
        for spoil in spoilt {
            let mut verdict = good();
            spoil(&mut verdict);
            assert!(verdict.judge().is_err(), "{verdict}");
        }
    }

    #[test]
    fn a_number_that_is_missing_is_not_zero() {
        for name in ["unsent", "unknown", "wrong", "lost", "twice", "transfers"] {
            let line = LINE.replace(&format!("{name}="), "other=");
            assert!(Verdict::parse(50, &line).is_err(), "{name}");
        }
    }
}
