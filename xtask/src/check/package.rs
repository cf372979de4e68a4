//! The packages of all published crates, made as for crates.io and compiled from what is in them.

use crate::{
    command::{self, cargo},
    workspace::Workspace,
};
use anyhow::{Result, bail};

/// What has to be in every package.
const REQUIRED: &[&str] = &["Cargo.toml", "LICENSE", "README.md"];

pub(super) fn run(workspace: &Workspace) -> Result<()> {
    let mut incomplete = Vec::new();
    for member in workspace.published() {
        let list = command::output(cargo(workspace.root()).args([
            "package",
            "--list",
            "--allow-dirty",
            "--locked",
            "-p",
            &member.name,
        ]))?;
        let missing = missing(&list);
        if !missing.is_empty() {
            incomplete.push(format!("{} lacks {}", member.name, missing.join(" and ")));
        }
    }
    if !incomplete.is_empty() {
        bail!("packages are incomplete: {}", incomplete.join("; "));
    }

    // All in one call: cargo then takes those that depend on each other from the packages that it
    // has just made, although crates.io has none of them yet.
    let mut package = cargo(workspace.root());
    package
        .args(["package", "--allow-dirty", "--locked"])
        // Else each package would compile all of its dependencies again, in a directory of its own.
        .env("CARGO_TARGET_DIR", workspace.target());
    for member in workspace.published() {
        package.args(["-p", &member.name]);
    }
    command::run(&mut package)
}

fn missing(list: &str) -> Vec<&'static str> {
    let has = |file: &str| list.lines().any(|line| line.replace('\\', "/") == file);
    REQUIRED.iter().copied().filter(|file| !has(file)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_has_its_documents() {
        let list = "Cargo.lock\nCargo.toml\nLICENSE\nREADME.md\nsrc/lib.rs\n";
        assert!(missing(list).is_empty());
        assert_eq!(missing(&list.replace("LICENSE\n", "")), ["LICENSE"]);
        assert_eq!(missing("docs/README.md\n").len(), REQUIRED.len());
    }
}
