//! Each published crate alone by cargo-hack: without features, and with each of them by itself.
//!
//! In the workspace cargo unites the features of all members, which hides a feature that one member
//! uses and only another asks for.

use crate::{
    command::{self, calling_cargo},
    tools::Tool,
    workspace::Workspace,
};
use anyhow::Result;

const HACK: Tool = Tool {
    name: "cargo-hack",
    version: "0.6.46",
    features: "",
};

pub(super) fn run(workspace: &Workspace) -> Result<()> {
    let mut hack = calling_cargo(HACK.installed(workspace)?, workspace.root());
    hack.args(["hack", "clippy", "--quiet", "--locked", "--keep-going"])
        // The step `clippy` has all features.
        .args(["--each-feature", "--exclude-all-features"]);
    for member in workspace.published() {
        hack.args(["-p", &member.name]);
    }
    command::run(hack.args(["--", "-D", "warnings"]))
}
