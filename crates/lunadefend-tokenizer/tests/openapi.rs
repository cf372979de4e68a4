//! `docs/openapi.json` is what the table of routes says.
//!
//! `LUNADEFEND_WRITE_DOCS=1 cargo test -p lunadefend-tokenizer --features openapi --test openapi` writes it anew.

use lunadefend_tokenizer::openapi;
use std::fs;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");

#[test]
fn the_document_is_that_of_the_table() {
    let document = openapi();
    #[expect(clippy::disallowed_methods, reason = "a test that may write")]
    if std::env::var_os("LUNADEFEND_WRITE_DOCS").is_some() {
        fs::write(FILE, &document).unwrap();
    }
    // Not compared by `assert_eq`, which would print both.
    let is_current = fs::read_to_string(FILE).is_ok_and(|found| found == document);
    assert!(
        is_current,
        "docs/openapi.json is not what the table of routes says: write it anew by \
         `LUNADEFEND_WRITE_DOCS=1 cargo test -p lunadefend-tokenizer --features openapi --test openapi`, and commit it"
    );
}
