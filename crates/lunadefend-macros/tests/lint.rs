//! The lint of docs/what-the-compiler-checks.md, with exactly the file that stands there, run by clippy
//! on an application that leaves the types at every place that there is.
#![expect(
    clippy::unwrap_used,
    reason = "clippy takes the helpers of tests for production code"
)]

use std::{collections::BTreeSet, fs, path::Path, process::Command};

const DOCUMENT: &str = include_str!("../../../docs/what-the-compiler-checks.md");
const APPLICATION: &str = include_str!("lint/application.rs");

#[test]
fn the_documented_lint_names_every_place_that_leaves_the_types() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let workspace = workspace.canonicalize().unwrap();
    // In the target directory, so that a second run builds nothing.
    let package = Path::new(env!("CARGO_TARGET_TMPDIR")).join("documented-lint");
    fs::create_dir_all(package.join("src")).unwrap();
    let crates = workspace.join("crates");
    let manifest = format!(
        r#"
[package]
name = "documented-lint"
version = "0.0.0"
edition = "2024"

[dependencies]
lunadefend = {{ package = "lunadefend-core", path = {core:?} }}
lunadefend-macros = {{ path = {macros:?} }}
serde = {{ version = "1", default-features = false, features = ["derive", "std"] }}

[workspace]
"#,
        core = crates.join("lunadefend-core"),
        macros = crates.join("lunadefend-macros"),
    );
    fs::write(package.join("Cargo.toml"), manifest).unwrap();
    fs::write(package.join("clippy.toml"), documented()).unwrap();
    fs::write(package.join("src/lib.rs"), APPLICATION).unwrap();
    // The versions of the workspace, which are there: nothing is fetched.
    fs::copy(workspace.join("Cargo.lock"), package.join("Cargo.lock")).unwrap();

    let output = Command::new(env!("CARGO"))
        .args(["clippy", "--offline", "--quiet", "--message-format=short"])
        .current_dir(&package)
        .env("CARGO_TARGET_DIR", package.join("target"))
        .env_remove("CLIPPY_CONF_DIR")
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .output()
        .unwrap();
    let found = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{found}");
    let mut lines = BTreeSet::new();
    let mut methods = BTreeSet::new();
    for line in found.lines() {
        let finding = line.strip_prefix("src/lib.rs:").and_then(|rest| {
            let (place, method) = rest.split_once(" use of a disallowed method `")?;
            Some((place.split(':').next()?.parse().ok()?, method))
        });
        let finding: Option<(usize, _)> = finding;
        let (line, method) = finding.unwrap_or_else(|| unreachable!("nothing else: {line}"));
        lines.insert(line);
        methods.insert(method.trim_end_matches('`'));
    }
    let marked = APPLICATION.lines().zip(1..);
    let marked = marked.filter(|(line, _)| line.contains("// leaves the types"));
    assert_eq!(lines, marked.map(|(_, number)| number).collect());
    let listed = documented()
        .split('"')
        .filter(|text| text.starts_with("lunadefend_core::"));
    assert_eq!(methods, listed.collect());
    assert_eq!(methods.len(), 4);
}

/// The file of the document.
fn documented() -> &'static str {
    let mut blocks = DOCUMENT.split("```toml\n").skip(1);
    let block = blocks.next().unwrap().split("```").next().unwrap();
    assert!(blocks.next().is_none());
    block
}
