//! What must not compile, with the advice that it is answered with, and what must.
//!
//! The exact texts are those of the compiler that the workspace names (`rust-version`). To write them
//! anew, run the test with `TRYBUILD=overwrite` and read the difference.

#[test]
fn ui() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/pass/*.rs");
    cases.compile_fail("tests/ui/fail/*.rs");
}
