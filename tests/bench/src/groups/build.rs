//! What an application compiles that depends on the SDK.

use super::{Ground, against};
use crate::{
    figures::Wanted,
    process::children_cpu,
    report::{Contender, Fact, Group, Id, Quantity, Ratio, Round},
};
use anyhow::{Context, Result, ensure};
use std::{
    env, fs,
    path::Path,
    time::{Duration, Instant},
};

const NOTE: &str = "A cold debug build of a package that depends on `lunadefend` and `lunadefend-axum`, with the versions of \
    the workspace's lock file. Each is built once: an operation is a build, and the server's time that of cargo and all \
    that it starts.";

/// What is built: its name for this revision, for the other one, and the features of `lunadefend`.
const KINDS: [(&str, &str, &str); 2] = [
    ("facade + axum", "that revision: facade + axum", ""),
    (
        "facade + axum + AWS",
        "that revision: facade + axum + AWS",
        r#""aws""#,
    ),
];

pub(super) fn run(ground: &Ground<'_>) -> Result<Group> {
    let options = ground.options;
    let here = env::current_dir()?;
    let there = options.against.as_deref();
    let there = there
        .map(|revision| against::checkout(&options.out, revision))
        .transpose()?;
    let (mut contenders, mut facts) = (Vec::new(), Vec::new());
    for (now, then, features) in KINDS {
        let then = there.as_ref().map(|there| (then, there));
        for (name, root) in then.into_iter().chain([(now, &here)]) {
            let (round, crates) = build(&ground.folder, root, features)?;
            contenders.push(Contender::new(Id::new(name, 1), 1, &[round]));
            facts.push(Fact {
                name: name.to_owned(),
                rounds: [crates as f64].into_iter().collect(),
                unit: "crates",
                at_most: None,
            });
        }
    }
    let ratios = match there {
        Some(_) => KINDS.map(|(now, then, _)| ratio(now, then)).into(),
        None => Vec::new(),
    };
    Ok(Group {
        facts,
        ..Group::new("build", NOTE.to_owned(), contenders, ratios)
    })
}

/// Builds a package in an empty folder, and counts the crates.
fn build(folder: &Path, root: &Path, features: &str) -> Result<(Round, usize)> {
    let folder = folder.canonicalize()?.join("application");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(folder.join("src"))?;
    let manifest = manifest(root.to_str().context("a path that is no text")?, features);
    fs::write(folder.join("Cargo.toml"), manifest)?;
    fs::write(folder.join("src/main.rs"), "fn main() {}\n")?;
    fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock"))?;
    let mut fetch = against::cargo(&folder, &folder.join("target"));
    ensure!(
        fetch.args(["fetch", "--quiet"]).status()?.success(),
        "cargo fetches nothing"
    );
    let before = children_cpu()?;
    let begun = Instant::now();
    let mut cargo = against::cargo(&folder, &folder.join("target"));
    let said = cargo.args(["build", "--offline"]).output()?;
    let said_text = String::from_utf8_lossy(&said.stderr);
    ensure!(said.status.success(), "it does not build: {said_text}");
    let round = Round {
        operations: 1,
        time: begun.elapsed(),
        percentiles: [Duration::ZERO; 3],
        cpu: [children_cpu()?.saturating_sub(before), Duration::ZERO],
        writer: Duration::ZERO,
    };
    fs::remove_dir_all(&folder)?;
    Ok((round, compiled(&said_text)))
}

/// How many crates a build has compiled, its own not counted.
fn compiled(said: &str) -> usize {
    let lines = said.lines().map(str::trim_start);
    let crates = lines.filter(|line| line.starts_with("Compiling "));
    crates.count().saturating_sub(1)
}

fn manifest(root: &str, features: &str) -> String {
    format!(
        r#"[package]
name = "application"
version = "0.0.0"
edition = "2024"

[workspace]

[dependencies]
lunadefend = {{ path = "{root}/crates/lunadefend", features = [{features}] }}
lunadefend-axum = {{ path = "{root}/crates/lunadefend-axum" }}
"#
    )
}

fn ratio(now: &'static str, then: &'static str) -> Ratio {
    Ratio {
        quantity: Quantity::ServerCpu,
        of: Id::new(now, 1),
        to: Id::new(then, 1),
        wanted: Wanted::AtMost(0.75),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_are_those_that_were_compiled() {
        let said =
            "    Updating index\n   Compiling http v1\n   Compiling application v0\n    Finished";
        assert_eq!(compiled(said), 1);
        assert_eq!(compiled(""), 0);
    }

    #[test]
    fn a_manifest_names_the_features() {
        let text = manifest("/r", r#""aws""#);
        assert!(text.contains(r#"features = ["aws"] }"#), "{text}");
    }
}
