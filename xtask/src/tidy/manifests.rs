//! Rules for manifests that no tool of cargo knows.

use super::Problem;
use crate::workspace::{Workspace, is_published};
use anyhow::{Context as _, Result};
use std::{fs, path::Path};
use toml::{Table, Value};

/// What every member takes from the workspace.
const INHERITED: &[&str] = &["version", "edition", "rust-version", "license"];

/// What a published crate takes from it besides, and what it says itself.
const INHERITED_WHEN_PUBLISHED: &[&str] = &["repository", "homepage", "keywords", "categories"];
const SAID_WHEN_PUBLISHED: &[&str] = &["description", "readme"];

/// What is only ever a dev-dependency. `cargo publish` leaves it out when it has no version: with one, it and
/// what it tests would wait for each other.
const FOR_TESTS: &str = "lunadefend-testing";

/// Where dependencies stand in a manifest, and below each entry of `target`.
const DEPENDENCIES: &[&str] = &["dependencies", "dev-dependencies", "build-dependencies"];

pub(super) fn check(workspace: &Workspace) -> Result<Vec<Problem>> {
    let path = "Cargo.toml";
    let found = root(&read(&workspace.root().join(path))?);
    let mut problems = named(path, found);
    for one in workspace.members() {
        let directory = workspace.directory(one);
        let path = format!("{directory}/Cargo.toml");
        let manifest = read(one.manifest_path.as_std_path())?;
        problems.extend(named(&path, member(&manifest)));
        if is_published(one) {
            problems.extend(named(&path, published(&manifest)));
            for file in ["README.md", "LICENSE"] {
                if !workspace.root().join(directory).join(file).is_file() {
                    problems.push(Problem::new(directory, None, format!("has no {file}")));
                }
            }
        }
    }
    Ok(problems)
}

fn read(path: &Path) -> Result<Table> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    toml::from_str(&text).with_context(|| format!("cannot understand {}", path.display()))
}

fn named(path: &str, messages: Vec<String>) -> Vec<Problem> {
    let named = |message| Problem::new(path, None, message);
    messages.into_iter().map(named).collect()
}

/// The value at the end of a path of keys.
fn at<'t>(table: &'t Table, path: &[&str]) -> Option<&'t Value> {
    let (first, rest) = path.split_first()?;
    rest.iter()
        .try_fold(table.get(*first)?, |value, key| value.get(*key))
}

fn is_true(table: &Table, path: &[&str]) -> bool {
    at(table, path).and_then(Value::as_bool) == Some(true)
}

/// The rules of the root manifest.
fn root(manifest: &Table) -> Vec<String> {
    let version = at(manifest, &["workspace", "package", "version"]);
    let declared = at(manifest, &["workspace", "dependencies"]).and_then(Value::as_table);
    let wrong = declared.into_iter().flatten().filter_map(|(name, how)| {
        if name == FOR_TESTS {
            let versioned = how.get("version").is_some();
            return versioned.then(|| format!("`{name}` must be declared without a version"));
        }
        if how.get("path").is_some() {
            let ours = version.is_some() && how.get("version") == version;
            return (!ours).then(|| format!("`{name}` must be declared with our own version"));
        }
        let bare = how.get("default-features").and_then(Value::as_bool) == Some(false);
        (!bare).then(|| {
            format!(
                "`{name}` must be declared with `default-features = false`; a member adds what it uses"
            )
        })
    });
    wrong.collect()
}

/// The rules of every member.
fn member(manifest: &Table) -> Vec<String> {
    let mut problems = inherits(manifest, INHERITED);
    if !is_true(manifest, &["lints", "workspace"]) {
        problems.push("must have `[lints] workspace = true`".to_owned());
    }
    let systems = manifest.get("target").and_then(Value::as_table);
    let systems = systems.into_iter().flatten();
    let places = std::iter::once(manifest).chain(systems.filter_map(|(_, one)| one.as_table()));
    for place in places {
        let declared = DEPENDENCIES
            .iter()
            .filter_map(|kind| place.get(*kind)?.as_table())
            .flatten();
        let local =
            declared.filter(|(_, how)| how.get("workspace").and_then(Value::as_bool) != Some(true));
        problems.extend(local.map(|(name, _)| {
            format!("`{name}` must be declared in [workspace.dependencies] and taken with `workspace = true`")
        }));
    }
    problems
}

/// The rules of a published crate.
fn published(manifest: &Table) -> Vec<String> {
    let mut problems = inherits(manifest, INHERITED_WHEN_PUBLISHED);
    let says = |key: &str| {
        let said = at(manifest, &["package", key]).and_then(Value::as_str);
        said.is_some_and(|text| !text.is_empty())
    };
    let unsaid = SAID_WHEN_PUBLISHED.iter().filter(|key| !says(key));
    problems.extend(unsaid.map(|key| format!("must have a {key}")));
    if !is_true(
        manifest,
        &["package", "metadata", "docs", "rs", "all-features"],
    ) {
        problems.push("must have `[package.metadata.docs.rs] all-features = true`".to_owned());
    }
    problems
}

fn inherits(manifest: &Table, keys: &[&str]) -> Vec<String> {
    let missing = keys
        .iter()
        .filter(|key| !is_true(manifest, &["package", key, "workspace"]));
    missing
        .map(|key| format!("must have `{key}.workspace = true`"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
[package]
name = "lunadefend-core"
description = "Tokens"
readme = "README.md"
version.workspace = true
edition.workspace = true
rust-version.workspace = true
license.workspace = true
repository.workspace = true
homepage.workspace = true
keywords.workspace = true
categories.workspace = true
[dependencies]
bytes.workspace = true
serde_json = { workspace = true, features = ["raw_value"] }
[target.'cfg(unix)'.dependencies]
libc.workspace = true
[lints]
workspace = true
[package.metadata.docs.rs]
all-features = true
"#;

    fn problems(text: &str) -> Vec<String> {
        let manifest = toml::from_str(text).unwrap();
        [member(&manifest), published(&manifest)].concat()
    }

    #[test]
    fn a_good_manifest_passes() {
        assert_eq!(problems(GOOD), [""; 0]);
    }

    #[test]
    fn each_missing_line_is_found() {
        for line in [
            "description = \"Tokens\"",
            "readme = \"README.md\"",
            "version.workspace = true",
            "edition.workspace = true",
            "rust-version.workspace = true",
            "license.workspace = true",
            "repository.workspace = true",
            "homepage.workspace = true",
            "keywords.workspace = true",
            "categories.workspace = true",
            "[lints]\nworkspace = true",
            "all-features = true",
        ] {
            let text = GOOD.replace(&format!("\n{line}\n"), "\n");
            assert_ne!(text, GOOD);
            assert_eq!(problems(&text).len(), 1, "{line}: {:?}", problems(&text));
        }
    }

    #[test]
    fn local_dependencies_are_found() {
        for (from, to) in [
            ("bytes.workspace = true", "bytes = \"1\""),
            ("bytes.workspace = true", "bytes = { version = \"1\" }"),
            ("libc.workspace = true", "libc = \"0.2\""),
            ("[lints]", "[dev-dependencies]\nrand = \"1\"\n[lints]"),
            ("[lints]", "[dependencies.rand]\nversion = \"1\"\n[lints]"),
        ] {
            let found = problems(&GOOD.replace(from, to));
            assert_eq!(found.len(), 1, "{to}: {found:?}");
            assert!(found[0].contains("[workspace.dependencies]"), "{found:?}");
        }
    }

    #[test]
    fn the_root_declares_without_defaults_and_with_our_version() {
        let text = r#"
[workspace.package]
version = "0.2.0"
[workspace.dependencies]
a = { path = "crates/a", version = "0.2.0" }
b = { path = "crates/b", version = "0.1.0" }
c = { version = "1", default-features = false }
d = { version = "1" }
e = "1"
lunadefend-testing = { path = "crates/t" }
"#;
        let found = root(&toml::from_str(text).unwrap());
        let starts: Vec<_> = found.iter().map(|message| &message[..3]).collect();
        assert_eq!(starts, ["`b`", "`d`", "`e`"]);
        let text = text.replace("crates/t\"", "crates/t\", version = \"0.1.0\"");
        assert_eq!(root(&toml::from_str(&text).unwrap()).len(), 4);
    }
}
