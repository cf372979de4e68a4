//! Bans, licences and sources of dependencies by cargo-deny.

use crate::{
    command::{self, program},
    tools::Tool,
    workspace::Workspace,
};
use anyhow::{Context as _, Result};
use std::path::Path;

const DENY: Tool = Tool {
    name: "cargo-deny",
    version: "0.20.2",
    features: "",
};

pub(super) fn run(workspace: &Workspace, advisories: bool) -> Result<()> {
    let deny = DENY.installed(workspace)?;
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
