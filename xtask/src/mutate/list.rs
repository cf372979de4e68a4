//! The committed list: one file per subject in `xtask/mutations`.

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use std::{collections::BTreeSet, fs, path::Path};

/// One line that is broken on purpose.
#[derive(Debug)]
pub(super) struct Mutation {
    /// Whose tests must notice.
    pub(super) packages: Vec<String>,
    /// What holds no more.
    pub(super) name: String,
    /// Relative to the root.
    pub(super) file: String,
    text: String,
    replacement: String,
    pub(super) tests: Vec<Test>,
}

/// A test that must fail, such as `lib grants::tests::too_few_verdicts` or `http grants::expiry`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Test {
    /// `lib`, `bin`, or the name of an integration test.
    pub(super) target: String,
    pub(super) name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    packages: Vec<String>,
    mutation: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    file: String,
    text: String,
    replacement: String,
    tests: Vec<String>,
}

pub(super) fn read(folder: &Path) -> Result<Vec<Mutation>> {
    let mut paths = Vec::new();
    for entry in
        fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?
    {
        paths.push(entry?.path());
    }
    paths.sort();
    let mut mutations = Vec::new();
    for path in paths {
        let text = fs::read_to_string(&path)?;
        let wrong = || format!("{} is wrong", path.display());
        let file: File = toml::from_str(&text).with_context(wrong)?;
        for entry in file.mutation {
            mutations.push(mutation(&file.packages, entry).with_context(wrong)?);
        }
    }
    Ok(mutations)
}

fn mutation(packages: &[String], entry: Entry) -> Result<Mutation> {
    ensure!(!entry.tests.is_empty(), "`{}` names no test", entry.name);
    let tests = entry
        .tests
        .iter()
        .map(|test| Test::parse(test))
        .collect::<Result<_>>()?;
    Ok(Mutation {
        packages: packages.to_vec(),
        name: entry.name,
        file: entry.file,
        text: entry.text,
        replacement: entry.replacement,
        tests,
    })
}

impl Test {
    fn parse(text: &str) -> Result<Self> {
        let (target, name) = text.split_once(' ').with_context(|| {
            format!("`{text}` must be a target, a blank and the name of a test")
        })?;
        Ok(Self {
            target: target.to_owned(),
            name: name.to_owned(),
        })
    }
}

impl Mutation {
    /// The packages in one word, for the list that is printed.
    pub(super) fn subject(&self) -> String {
        self.packages.join(", ")
    }

    /// Where its tests are.
    pub(super) fn targets(&self) -> BTreeSet<&str> {
        self.tests.iter().map(|test| test.target.as_str()).collect()
    }

    /// The source with the mutation in it.
    pub(super) fn applied_to(&self, source: &str) -> Result<String> {
        ensure!(
            source.matches(&self.text).count() == 1,
            "{}: the text of `{}` must be there exactly once",
            self.file,
            self.name
        );
        ensure!(
            self.text != self.replacement,
            "`{}` changes nothing",
            self.name
        );
        Ok(source.replacen(&self.text, &self.replacement, 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_once_is_replaced() {
        let entry = |text: &str| {
            let entry = Entry {
                name: "n".into(),
                file: "f".into(),
                text: text.into(),
                replacement: "x".into(),
                tests: vec!["lib a::b".into()],
            };
            mutation(&["p".into()], entry).unwrap()
        };
        assert_eq!(entry("b").applied_to("abc").unwrap(), "axc");
        entry("b").applied_to("abcb").unwrap_err();
        entry("d").applied_to("abc").unwrap_err();
        entry("x").applied_to("x").unwrap_err();
    }

    #[test]
    fn a_test_is_a_target_and_a_name() {
        let test = Test::parse("http grants::expiry").unwrap();
        assert_eq!(
            (test.target.as_str(), test.name.as_str()),
            ("http", "grants::expiry")
        );
        Test::parse("grants::expiry").unwrap_err();
    }
}
