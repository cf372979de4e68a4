//! The application as its users start it, and as they use it.

use lunadefend_tests::walk::{Walk, run};
use std::process::Command;

#[test]
fn every_step_of_its_check_goes_as_it_must_and_nothing_secret_is_printed() -> anyhow::Result<()> {
    run(env!("CARGO_BIN_EXE_graphql-app"), Walk::GraphQl)
}

#[test]
fn an_address_that_is_not_loopback_is_refused() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_graphql-app"));
    let key = lunadefend_tests::signing_key();
    let output = command
        .env("APP_ADDR", "0.0.0.0:0")
        .env("TOKENIZER_URL", "http://localhost:1")
        .env("LUNASEC_SIGNING_KEY", lunadefend_tests::pem(key))
        .output()
        .unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("APP_ADDR must be a loopback address"),
        "{said}"
    );
}
