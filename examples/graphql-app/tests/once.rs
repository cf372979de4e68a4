//! The application as its users start it: a process, its exit code and what it prints.

use std::process::Command;

#[test]
fn every_step_of_its_check_goes_as_it_must_and_nothing_secret_is_printed() {
    let output = Command::new(env!("CARGO_BIN_EXE_graphql-app"))
        .arg("--once")
        .env("RUST_LOG", "info,lunadefend=trace")
        .output()
        .unwrap();
    let printed = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(output.status.success(), "{printed}");
    assert_eq!(printed.matches(" [ok]\n").count(), 16, "{printed}");
    for word in printed.split(|c: char| !c.is_ascii_alphanumeric() && c != '-') {
        let is_token = word.starts_with("lunasec-") && word.len() > 40;
        assert!(!is_token && !word.starts_with("eyJ"), "{word}: {printed}");
    }
    for value in ["078-05-1120", "ann@example.com"] {
        assert!(!printed.contains(value), "{value}: {printed}");
    }
}

#[test]
fn an_address_that_is_not_loopback_is_refused() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_graphql-app"));
    let output = command
        .args(["--once", "--addr", "0.0.0.0:0"])
        .output()
        .unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("--addr must be a loopback address"), "{said}");
}
