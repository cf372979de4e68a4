//! Rules for manifests.

use super::Problem;
use crate::{
    manifest::{Entry, Manifest},
    workspace::Workspace,
};

/// What every member takes from the workspace.
const INHERITED: &[&str] = &["version", "edition", "rust-version", "license"];

/// What a published crate takes from it besides.
const INHERITED_WHEN_PUBLISHED: &[&str] = &["repository", "homepage", "keywords", "categories"];

/// What is only ever a dev-dependency. `cargo publish` leaves it out when it has no version: with one, it and
/// what it tests would wait for each other.
const FOR_TESTS: &str = "lunadefend-testing";

pub(super) fn check(workspace: &Workspace) -> Vec<Problem> {
    let mut problems = root(workspace.manifest());
    for member in workspace.members() {
        let directory = workspace.root().join(&member.directory);
        let path = format!("{}/Cargo.toml", member.directory);
        problems.extend(manifest(&path, &member.manifest));
        if member.is_published() {
            problems.extend(published(&path, &member.manifest));
            for file in ["README.md", "LICENSE"] {
                if !directory.join(file).is_file() {
                    problems.push(Problem::new(
                        &member.directory,
                        None,
                        format!("has no {file}"),
                    ));
                }
            }
        }
    }
    problems
}

/// The rules of the root manifest.
fn root(manifest: &Manifest) -> Vec<Problem> {
    let version = manifest.get("workspace.package", "version").unwrap_or("?");
    let mut problems = Vec::new();
    for entry in manifest.section("workspace.dependencies") {
        let mut problem =
            |message: String| problems.push(Problem::new("Cargo.toml", entry.line, message));
        if entry.key == FOR_TESTS {
            if entry.value.contains("version = ") {
                problem(format!("`{FOR_TESTS}` must be declared without a version"));
            }
        } else if entry.value.contains("path = ") {
            if !entry.value.contains(&format!("version = \"{version}\"")) {
                problem(format!(
                    "`{}` must be declared with version {version}",
                    entry.key
                ));
            }
        } else if !entry.value.contains("default-features = false") {
            problem(format!(
                "`{}` must be declared with `default-features = false`; a member adds what it uses",
                entry.key
            ));
        }
    }
    problems
}

/// The rules of every member.
fn manifest(path: &str, manifest: &Manifest) -> Vec<Problem> {
    let mut problems = inherits(path, manifest, INHERITED);
    if manifest.get("lints", "workspace") != Some("true") {
        problems.push(Problem::new(
            path,
            None,
            "must have `[lints] workspace = true`",
        ));
    }
    let local = manifest
        .entries()
        .iter()
        .filter(|entry| !is_inherited(entry));
    problems.extend(local.map(|entry| {
        let message = format!(
            "`{}` must be declared in [workspace.dependencies] and taken with `workspace = true`",
            entry.key
        );
        Problem::new(path, entry.line, message)
    }));
    problems
}

/// The rules of a published crate.
fn published(path: &str, manifest: &Manifest) -> Vec<Problem> {
    let mut problems = inherits(path, manifest, INHERITED_WHEN_PUBLISHED);
    for (section, key) in [("package", "description"), ("package", "readme")] {
        if manifest.get(section, key).is_none_or(str::is_empty) {
            problems.push(Problem::new(path, None, format!("must have a {key}")));
        }
    }
    if manifest.get("package.metadata.docs.rs", "all-features") != Some("true") {
        let message = "must have `[package.metadata.docs.rs] all-features = true`";
        problems.push(Problem::new(path, None, message));
    }
    problems
}

fn inherits(path: &str, manifest: &Manifest, keys: &[&str]) -> Vec<Problem> {
    keys.iter()
        .filter(|key| manifest.get("package", &format!("{key}.workspace")) != Some("true"))
        .map(|key| Problem::new(path, None, format!("must have `{key}.workspace = true`")))
        .collect()
}

/// Whether an entry is no dependency, or one that the workspace declares.
fn is_inherited(entry: &Entry) -> bool {
    let kinds = ["dependencies", "dev-dependencies", "build-dependencies"];
    let dependencies = kinds.iter().any(|kind| {
        entry.section == *kind
            || (entry.section.starts_with("target.")
                && entry.section.ends_with(&format!(".{kind}")))
    });
    if !dependencies {
        // `[dependencies.name]` with lines of its own is how `cargo add` never writes it.
        return !kinds
            .iter()
            .any(|kind| entry.section.starts_with(&format!("{kind}.")));
    }
    entry.key.ends_with(".workspace") || entry.value.contains("workspace = true")
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
        let parsed = Manifest::parse(text);
        let found = manifest("c/Cargo.toml", &parsed)
            .into_iter()
            .chain(published("c/Cargo.toml", &parsed));
        found.map(|problem| problem.message).collect()
    }

    #[test]
    fn a_good_manifest_passes() {
        assert!(problems(GOOD).is_empty(), "{:?}", problems(GOOD));
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
        let found = root(&Manifest::parse(text));
        let lines: Vec<_> = found.iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [Some(6), Some(8), Some(9)]);
        let text = text.replace("crates/t\"", "crates/t\", version = \"0.2.0\"");
        assert_eq!(root(&Manifest::parse(&text)).len(), 4);
    }
}
