//! Bans, licences and sources of dependencies by cargo-deny, which is installed when it is missing.

use crate::{
    command::{self, cargo, program},
    workspace::Workspace,
};
use anyhow::{Context as _, Result};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Raised deliberately: a new version may judge differently.
const VERSION: &str = "0.20.2";

pub(super) fn run(workspace: &Workspace, advisories: bool) -> Result<()> {
    let deny = installed(workspace)?;
    let mut command = program(&deny, workspace.root());
    // Without graphs, which run to hundreds of lines: `cargo tree -i <crate>` shows where one comes from.
    command.args([
        "--all-features",
        "--locked",
        "check",
        "--hide-inclusion-graph",
    ]);
    command::run(command.args(["bans", "licenses", "sources"]))?;
    if advisories {
        return check_advisories(workspace, &deny);
    }
    println!(
        "advisories: SKIPPED, as they need the network; a daily job asks: cargo xtask check deny --advisories"
    );
    Ok(())
}

/// Without the database nothing is known, which is no pass.
fn check_advisories(workspace: &Workspace, deny: &Path) -> Result<()> {
    let mut fetch = program(deny, workspace.root());
    command::run(fetch.args(["--all-features", "--locked", "fetch", "db"]))
        .context("the advisory database cannot be fetched, so nothing is known about advisories")?;
    let mut check = program(deny, workspace.root());
    command::run(check.args([
        "--all-features",
        "--locked",
        "check",
        "--disable-fetch",
        "--hide-inclusion-graph",
        "advisories",
    ]))
}

/// The program in the right version: from the path, or our own copy below the target directory.
fn installed(workspace: &Workspace) -> Result<PathBuf> {
    let tools = workspace.target().join("tools");
    let ours = tools
        .join("bin")
        .join(format!("cargo-deny{}", std::env::consts::EXE_SUFFIX));
    for candidate in [PathBuf::from("cargo-deny"), ours.clone()] {
        let version = command::answer(program(&candidate, workspace.root()).arg("--version"));
        if version.is_some_and(|version| version == format!("cargo-deny {VERSION}")) {
            return Ok(candidate);
        }
    }
    // What it does takes a second; to optimise it as its authors ship it takes many minutes.
    let build = tools.join("target");
    command::run(
        cargo(workspace.root())
            .args(["install", "--locked", "--quiet", "--profile", "dev"])
            .arg("--root")
            .arg(&tools)
            .arg("--target-dir")
            .arg(&build)
            .arg(format!("cargo-deny@{VERSION}")),
    )
    .with_context(|| {
        format!("cannot install cargo-deny; with cargo-deny {VERSION} on the path none is needed")
    })?;
    fs::remove_dir_all(&build).with_context(|| format!("cannot remove {}", build.display()))?;
    Ok(ours)
}
