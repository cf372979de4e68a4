//! What operators give and read: names, as arguments or one in each line of stdin, and times.

use anyhow::{Context, Result, bail, ensure};
use std::{
    io::{self, BufRead},
    time::{Duration, UNIX_EPOCH},
};

/// The argument that stands for stdin.
pub(crate) const STDIN: &str = "-";

/// Returns the names, of `-` those in the lines of stdin. Arguments are in the history of a shell, and in the list of
/// processes; what comes by stdin is not.
pub(crate) fn all(given: &[String], stdin: impl BufRead) -> Result<Vec<String>> {
    if given.iter().any(|word| word == STDIN) {
        ensure!(
            given.len() == 1,
            "give - alone: it stands for the lines of stdin"
        );
        let lines = stdin.lines().collect::<io::Result<Vec<_>>>();
        let lines = lines.context("cannot read stdin")?;
        let words = lines.iter().map(|line| line.trim());
        let words: Vec<_> = words
            .filter(|word| !word.is_empty())
            .map(Into::into)
            .collect();
        if words.is_empty() {
            bail!("there is nothing in stdin: write one in each line");
        }
        return Ok(words);
    }
    Ok(given.to_vec())
}

/// A time in milliseconds since the Unix epoch, for people.
pub(crate) fn date(millis: u64) -> String {
    let time = UNIX_EPOCH.checked_add(Duration::from_millis(millis));
    // Later than the year 9999 there is no date.
    let latest = Duration::from_secs(253_402_300_799);
    match time.filter(|time| *time <= UNIX_EPOCH + latest) {
        Some(time) => httpdate::fmt_http_date(time),
        None => "after the year 9999".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(given: &[&str], stdin: &str) -> Result<Vec<String>> {
        let given: Vec<_> = given.iter().map(|word| (*word).to_owned()).collect();
        all(&given, stdin.as_bytes())
    }

    #[test]
    fn a_dash_is_the_lines_of_stdin() {
        assert_eq!(of(&["a", "b"], "c").unwrap(), ["a", "b"]);
        assert_eq!(of(&["-"], " c \r\n\nd").unwrap(), ["c", "d"]);
        assert!(of(&["-"], "\n").is_err());
        assert!(of(&["-", "a"], "c").is_err());
    }
}
