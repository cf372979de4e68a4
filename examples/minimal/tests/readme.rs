//! The example of the repository's README is a program.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy does not count as tests"
)]

use std::fs;

const FOLDER: &str = env!("CARGO_MANIFEST_DIR");

fn program(framework: &str) -> String {
    fs::read_to_string(format!("{FOLDER}/src/bin/minimal-{framework}.rs")).unwrap()
}

#[test]
fn the_readme_shows_the_one_on_axum() {
    let readme = fs::read_to_string(format!("{FOLDER}/../../README.md")).unwrap();
    let shown = format!("```rust,ignore\n{}```\n", program("axum"));
    assert!(
        readme.contains(&shown),
        "README.md must have this:\n{shown}"
    );
}

#[test]
fn each_has_at_most_40_lines() {
    for framework in ["actix", "axum", "warp"] {
        let program = program(framework);
        let is_code = |line: &&str| !line.is_empty() && !line.starts_with("//!");
        let lines = program.lines().filter(is_code).count();
        assert!(lines <= 40, "{framework}: {lines}");
    }
}
