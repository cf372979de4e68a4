//! The check as the tests of the applications run it: in a process of its own, as its users start it.

use anyhow::{Context, Result, ensure};
use std::{path::Path, process::Command};

/// How many steps the check has.
const STEPS: usize = 47;

/// Runs `program --once` with a tokenizer of its own. Every step must go as it must, and nothing that is
/// secret may be printed, with everything logged that can be.
///
/// # Errors
/// With all that was printed when it is otherwise.
pub fn run_once(program: impl AsRef<Path>) -> Result<()> {
    let output = Command::new(program.as_ref())
        .arg("--once")
        .env("RUST_LOG", "info,lunadefend=trace")
        .env_remove("TOKENIZER_URL")
        .env_remove("LUNASEC_SIGNING_KEY")
        .output()
        .context("the application cannot be started")?;
    let printed = String::from_utf8([output.stdout, output.stderr].concat())?;
    ensure!(output.status.success(), "{}: {printed}", output.status);
    let steps = printed.matches(" [ok]\n").count();
    ensure!(steps == STEPS, "{steps} steps went as they must: {printed}");
    for word in printed.split(|c: char| !c.is_ascii_alphanumeric() && c != '-') {
        let is_token = word.starts_with("lunasec-") && word.len() > 40;
        ensure!(
            !is_token && !word.starts_with("eyJ"),
            "{word} was printed: {printed}"
        );
    }
    for value in ["078-05-1120", "4111 1111"] {
        ensure!(!printed.contains(value), "{value} was printed: {printed}");
    }
    Ok(())
}
