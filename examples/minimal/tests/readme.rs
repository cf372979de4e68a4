//! The examples of the repository's README are code that works.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy does not count as tests"
)]

use axum::{extract::State, response::IntoResponse as _};
use http_body_util::BodyExt as _;
use lunadefend_axum::{Luna, Session};
use lunadefend_testing::{TestBackend, session};
use minimal::page::form;
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
fn the_readme_shows_the_page() {
    let readme = fs::read_to_string(format!("{FOLDER}/../../README.md")).unwrap();
    let page = fs::read_to_string(format!("{FOLDER}/src/page.rs")).unwrap();
    let (_, code) = page.split_once("\n\n").unwrap();
    let shown = format!("```rust,ignore\n{code}```\n");
    assert!(
        readme.contains(&shown),
        "README.md must have this:\n{shown}"
    );
}

#[tokio::test]
async fn the_page_has_all_that_a_field_needs() {
    let luna = Luna::with_session(TestBackend::new(), |_| None);
    let ann = session("ann");
    let page = form(State(luna.clone()), Session(ann.clone()))
        .await
        .unwrap()
        .into_response();
    let policy = page.headers()["content-security-policy"].to_str().unwrap();
    let elements = luna.elements();
    assert!(policy.ends_with(&format!("; {}", elements.content_security_policy())));
    let html = page.into_body().collect().await.unwrap().to_bytes();
    let html = str::from_utf8(&html).unwrap();
    let page_session = luna.page_session(&ann).unwrap();
    assert!(html.contains(elements.script_tag()), "{html}");
    assert!(
        html.contains(&format!(" session=\"{page_session}\"")),
        "{html}"
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
