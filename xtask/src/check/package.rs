//! The packages of all published crates, made as for crates.io and compiled from what is in them.

use crate::{
    command::{self, cargo, program},
    workspace::Workspace,
};
use anyhow::{Context as _, Result, bail};
use std::{fmt::Write as _, fs};

/// What has to be in every package.
const REQUIRED: &[&str] = &["Cargo.toml", "LICENSE", "README.md"];

pub(super) fn run(workspace: &Workspace) -> Result<()> {
    complete(workspace)?;

    let target = workspace.target();
    let mut package = cargo(workspace.root());
    // All in one call: crates.io has none yet of those that depend on each other.
    package.args(["package", "--allow-dirty", "--locked", "--no-verify"]);
    for member in workspace.published() {
        package.args(["-p", &member.name]);
    }
    command::run(package.env("CARGO_TARGET_DIR", target))?;

    // Not cargo's own verification: it unpacks dependencies below CARGO_HOME by name and version, and
    // does not do so again when the same version is packaged anew with other contents.
    let unpacked = target.join("unpacked");
    if unpacked.exists() {
        fs::remove_dir_all(&unpacked)
            .with_context(|| format!("cannot remove {}", unpacked.display()))?;
    }
    fs::create_dir_all(&unpacked).with_context(|| format!("cannot make {}", unpacked.display()))?;
    let mut names = Vec::new();
    for member in workspace.published() {
        let name = format!("{}-{}", member.name, member.version);
        let archive = target.join("package").join(format!("{name}.crate"));
        // With the time of now: that in a package is always the same, and cargo goes by it.
        command::run(program("tar", &unpacked).arg("-xzmf").arg(archive))?;
        names.push((member.name.as_str(), name));
    }
    fs::write(unpacked.join("Cargo.toml"), manifest(&names))
        .context("cannot write the manifest of the unpacked packages")?;
    fs::copy(
        workspace.root().join("Cargo.lock"),
        unpacked.join("Cargo.lock"),
    )
    .context("cannot copy Cargo.lock to the unpacked packages")?;
    command::run(
        cargo(&unpacked)
            .args(["check", "--workspace", "--all-features"])
            .env("CARGO_TARGET_DIR", target),
    )
}

/// Whether every package has its documents.
fn complete(workspace: &Workspace) -> Result<()> {
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
    Ok(())
}

fn missing(list: &str) -> Vec<&'static str> {
    let has = |file: &str| list.lines().any(|line| line == file);
    REQUIRED.iter().copied().filter(|file| !has(file)).collect()
}

/// A workspace of the unpacked packages, in which they take each other for what crates.io will have.
fn manifest(names: &[(&str, String)]) -> String {
    let mut text =
        "[workspace]\nresolver = \"3\"\nmembers = [\"*\"]\n\n[patch.crates-io]\n".to_owned();
    for (name, directory) in names {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{name} = {{ path = \"{directory}\" }}");
    }
    text
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

    #[test]
    fn unpacked_packages_find_each_other() {
        let text = manifest(&[("lunadefend-core", "lunadefend-core-0.1.0".to_owned())]);
        assert!(text.ends_with(
            "[patch.crates-io]\nlunadefend-core = { path = \"lunadefend-core-0.1.0\" }\n"
        ));
    }
}
