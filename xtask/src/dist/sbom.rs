//! What the program is made of, as a CycloneDX document.

use super::FEATURES;
use crate::{
    command::{self, cargo, program},
    tools::Tool,
    workspace::Workspace,
};
use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use std::{collections::BTreeSet, fs, path::Path};

pub(super) const FILE: &str = "lunadefend.cdx.json";
const STEM: &str = "lunadefend.cdx";

const CYCLONEDX: Tool = Tool {
    name: "cargo-cyclonedx",
    version: "0.5.9",
    features: "",
};

#[derive(Deserialize)]
struct Bom {
    components: Vec<Component>,
}

#[derive(Deserialize)]
struct Component {
    name: String,
    version: String,
}

/// Writes it, and returns of how many crates the program is made.
pub(super) fn write(
    workspace: &Workspace,
    target: &str,
    commit_time: &str,
    folder: &Path,
) -> Result<usize> {
    let tool = CYCLONEDX.installed(workspace)?;
    let manifest = "crates/lunadefend-cli/Cargo.toml";
    let mut command = program(tool, workspace.root());
    command
        .args(["cyclonedx", "-qq", "--manifest-path", manifest])
        .args(["--format", "json", "--spec-version", "1.5"])
        .args(["--target", target, "--features", FEATURES])
        .args(["--no-build-deps", "--override-filename", STEM])
        // The same commit has the same document.
        .env("SOURCE_DATE_EPOCH", commit_time);
    let written = command::run(&mut command);
    let text = collected(workspace);
    written?;
    // The folder of this machine is no part of it.
    let text = text?.replace(
        &format!("file://{}/", workspace.root().display()),
        "file:///",
    );
    let bom: Bom = serde_json::from_str(&text)?;
    let compiled = compiled(workspace, target)?;
    let missing: Vec<_> = missing(&bom, &compiled);
    ensure!(
        missing.is_empty(),
        "the SBOM does not have {}, which the program is made of",
        missing.join(", ")
    );
    fs::write(folder.join(FILE), text)?;
    Ok(compiled.len())
}

/// The text about the program. The tool writes one beside the manifest of every member; none may stay there.
fn collected(workspace: &Workspace) -> Result<String> {
    let mut text = None;
    for member in workspace.members() {
        let file = workspace
            .root()
            .join(workspace.directory(member))
            .join(FILE);
        if !file.exists() {
            continue;
        }
        if member.name == "lunadefend-cli" {
            text = Some(fs::read_to_string(&file)?);
        }
        fs::remove_file(file)?;
    }
    text.context("cargo-cyclonedx wrote nothing about the program")
}

/// What is compiled into the program, each as `name version`.
fn compiled(workspace: &Workspace, target: &str) -> Result<BTreeSet<String>> {
    let mut tree = cargo(workspace.root());
    tree.args(["tree", "--locked", "--prefix", "none", "--format", "{p}"])
        .args(["--edges", "normal,no-proc-macro", "--target", target])
        .args(["--package", "lunadefend-cli", "--features", FEATURES]);
    let printed = command::output(&mut tree)?;
    let lines = printed.lines().filter_map(|line| {
        let (name, rest) = line.split_once(" v")?;
        let version = rest.split(' ').next()?;
        Some(format!("{name} {version}"))
    });
    // The program itself is what the document is about.
    Ok(lines
        .filter(|one| !one.starts_with("lunadefend-cli "))
        .collect())
}

fn missing<'c>(bom: &Bom, compiled: &'c BTreeSet<String>) -> Vec<&'c str> {
    let named: BTreeSet<_> = bom
        .components
        .iter()
        .map(|one| format!("{} {}", one.name, one.version))
        .collect();
    let all = compiled.iter().filter(|one| !named.contains(*one));
    all.map(String::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_document_does_not_name_is_missing() {
        let bom =
            r#"{"components":[{"name":"a","version":"1.0.0"},{"name":"b","version":"2.0.0"}]}"#;
        let bom: Bom = serde_json::from_str(bom).unwrap();
        let compiled = ["a 1.0.0", "b 2.1.0", "c 3.0.0"].map(str::to_owned).into();
        assert_eq!(missing(&bom, &compiled), ["b 2.1.0", "c 3.0.0"]);
    }
}
