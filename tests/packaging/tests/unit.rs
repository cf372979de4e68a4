//! `ops/lunadefend.service` by systemd's own judgement.
#![cfg(target_os = "linux")]
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy does not count as tests"
)]

use packaging::file;
use std::{
    fs,
    io::ErrorKind,
    path::Path,
    process::{Command, Output},
};

/// The exposure that `systemd-analyze security` may find, in tenths: it has 12.
const MOST_EXPOSED: &str = "--threshold=12";
const PROGRAM: &str = "/usr/local/bin/lunadefend";

/// Runs `systemd-analyze`. `cargo xtask test` installs it where it may.
fn analyze(arguments: &[&str], unit: &Path) -> Output {
    let mut analyze = Command::new("systemd-analyze");
    match analyze.args(arguments).arg(unit).output() {
        Ok(output) => output,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            panic!("there is no systemd-analyze; install it (Debian: apt-get install systemd)")
        }
        Err(error) => panic!("systemd-analyze: {error}"),
    }
}

/// What it says of a unit in a folder, with a program that is there in place of ours; an error when it ends badly.
fn said(text: &str, arguments: &[&str]) -> Result<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let unit = folder.path().join("lunadefend.service");
    let program = std::env::current_exe().unwrap();
    assert!(text.contains(PROGRAM));
    fs::write(&unit, text.replace(PROGRAM, program.to_str().unwrap())).unwrap();
    let output = analyze(arguments, &unit);
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8(said).unwrap();
    match output.status.success() {
        true => Ok(said),
        false => Err(said),
    }
}

/// An unknown name is no failure for it, only a line.
fn verified(text: &str) -> Result<(), String> {
    match said(text, &["verify", "--man=no"])? {
        said if said.is_empty() => Ok(()),
        said => Err(said),
    }
}

fn hardened(text: &str) -> Result<(), String> {
    let arguments = ["security", "--offline=true", "--no-pager", MOST_EXPOSED];
    said(text, &arguments).map(drop)
}

fn unit() -> String {
    file("ops/lunadefend.service").unwrap()
}

#[test]
fn systemd_understands_the_unit() {
    verified(&unit()).unwrap();
    for (text, replacement) in [
        ("WatchdogSec=", "WatchdogSeconds="),
        ("Type=notify", "Type=notified"),
    ] {
        assert!(unit().contains(text));
        let error = verified(&unit().replace(text, replacement)).unwrap_err();
        assert!(!error.is_empty(), "{text}");
    }
}

#[test]
fn systemd_finds_the_unit_hardened() {
    hardened(&unit()).unwrap();
    for line in [
        "PrivateUsers=yes\n",
        "RestrictNamespaces=yes\n",
        "CapabilityBoundingSet=\n",
    ] {
        assert!(unit().contains(line));
        let error = hardened(&unit().replace(line, "")).unwrap_err();
        assert!(error.contains("Overall exposure"), "{line}: {error}");
    }
}

/// What `Type=notify` and `WatchdogSec` need: without it systemd hears nothing.
#[test]
fn the_unit_lets_the_tokenizer_speak() {
    let unit = unit();
    for line in ["Type=notify\n", "NotifyAccess=main\n", "WatchdogSec=30s\n"] {
        assert!(unit.contains(line), "{line}");
    }
    assert!(unit.contains("RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX\n"));
}
