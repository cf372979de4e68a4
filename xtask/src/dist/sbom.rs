//! What the program is made of, as a CycloneDX document.

use super::FEATURES;
use crate::{
    command::{self, cargo, program},
    tools::Tool,
    workspace::Workspace,
};
use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use std::{collections::BTreeSet, fs, path::Path};

pub(super) const FILE: &str = "lunadefend.cdx.json";
const STEM: &str = "lunadefend.cdx";

const CYCLONEDX: Tool = Tool {
    name: "cargo-cyclonedx",
    version: "0.5.9",
    features: "",
};

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
    let mut bom = serde_json::from_str(&text)?;
    let compiled = compiled(workspace, target)?;
    keep(&mut bom, &compiled);
    let named = named(&bom);
    let missing: Vec<_> = compiled.difference(&named).map(String::as_str).collect();
    ensure!(
        missing.is_empty(),
        "the SBOM does not have {}, which the program is made of",
        missing.join(", ")
    );
    fs::write(folder.join(FILE), serde_json::to_string_pretty(&bom)?)?;
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

/// Takes out of a document what is not compiled: the tool lists what any member of the workspace asks for.
fn keep(bom: &mut Value, compiled: &BTreeSet<String>) {
    if let Some(components) = bom["components"].as_array_mut() {
        components.retain(|one| compiled.contains(&name(one)));
    }
    let all = bom["components"].as_array().into_iter().flatten();
    let all = all.chain([&bom["metadata"]["component"]]);
    let kept: Vec<Value> = all.map(|one| one["bom-ref"].clone()).collect();
    for one in bom["dependencies"].as_array_mut().into_iter().flatten() {
        if let Some(on) = one.get_mut("dependsOn").and_then(Value::as_array_mut) {
            on.retain(|one| kept.contains(one));
        }
    }
    if let Some(dependencies) = bom["dependencies"].as_array_mut() {
        dependencies.retain(|one| kept.contains(&one["ref"]));
    }
}

/// The components of a document, each as `name version`.
fn named(bom: &Value) -> BTreeSet<String> {
    let all = bom["components"].as_array().into_iter().flatten();
    all.map(name).collect()
}

fn name(component: &Value) -> String {
    let text = |member: &str| component[member].as_str().unwrap_or_default();
    format!("{} {}", text("name"), text("version"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_document_has_what_is_compiled_and_nothing_else() {
        let mut bom = json!({
            "metadata": {"component": {"bom-ref": "p"}},
            "components": [
                {"bom-ref": "a", "name": "a", "version": "1.0.0"},
                {"bom-ref": "b", "name": "b", "version": "2.0.0"},
            ],
            "dependencies": [
                {"ref": "p", "dependsOn": ["a", "b"]},
                {"ref": "a"},
                {"ref": "b", "dependsOn": ["a"]},
            ],
        });
        let compiled = ["a 1.0.0", "b 2.1.0"].map(str::to_owned).into();
        keep(&mut bom, &compiled);
        assert_eq!(named(&bom), ["a 1.0.0".to_owned()].into());
        let dependencies = json!([{"ref": "p", "dependsOn": ["a"]}, {"ref": "a"}]);
        assert_eq!(bom["dependencies"], dependencies);
    }
}
