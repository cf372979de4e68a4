//! What must not compile in a schema.
//!
//! The exact texts are those of the compiler that the workspace names (`rust-version`); another one
//! words its errors differently, so that the test is left out under it. To write them anew, run the
//! test with `TRYBUILD=overwrite` and read the difference.

use std::process::Command;

#[test]
fn ui() {
    let rustc = Command::new("rustc").arg("--version").output().unwrap();
    let version = String::from_utf8(rustc.stdout).unwrap();
    if !version.starts_with(concat!("rustc ", env!("CARGO_PKG_RUST_VERSION"))) {
        println!("left out: the texts are not those of {version}");
        return;
    }
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
