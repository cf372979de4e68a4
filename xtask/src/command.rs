//! Running other programs.

use anyhow::{Context as _, Result, bail};
use std::{
    ffi::OsStr,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, ExitStatus, Stdio},
};

/// A program that is started in `directory` and reads nothing from the terminal.
pub(crate) fn program(name: impl AsRef<OsStr>, directory: &Path) -> Command {
    let mut command = Command::new(name);
    command.current_dir(directory).stdin(Stdio::null());
    command
}

/// The cargo that runs this.
pub(crate) fn cargo(directory: &Path) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    calling_cargo(cargo, directory)
}

/// A program that calls cargo, or is cargo.
pub(crate) fn calling_cargo(name: impl AsRef<OsStr>, directory: &Path) -> Command {
    let mut command = program(name, directory);
    // What `cargo run` sets for us would reach build scripts, some of which watch these names, and
    // half the tree would be compiled again each time that one changes between xtask and cargo.
    for (name, _) in std::env::vars_os() {
        let ours = name.to_str().is_some_and(|name| {
            [
                "CARGO_PKG_",
                "CARGO_MANIFEST_",
                "CARGO_BIN_",
                "CARGO_CRATE_",
            ]
            .iter()
            .any(|prefix| name.starts_with(prefix))
        });
        if ours {
            command.env_remove(name);
        }
    }
    command
}

/// Runs to the end, its output going where ours goes.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    println!("$ {}", shown(command));
    let status = command.status().with_context(|| starting(command))?;
    finished(command, status)
}

/// Runs to the end and returns what it printed.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| starting(command))?;
    finished(command, output.status)?;
    String::from_utf8(output.stdout).with_context(|| format!("{} printed no text", shown(command)))
}

/// What it prints, without blanks around it, when it can be started and ends well; shows nothing.
pub(crate) fn answer(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then_some(text)
}

/// Whether it can be started and ends well; shows nothing.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    answer(command).is_some()
}

/// Runs to the end, printing each line as it comes after `line` has seen it.
pub(crate) fn stream(command: &mut Command, mut line: impl FnMut(&str)) -> Result<ExitStatus> {
    println!("$ {}", shown(command));
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| starting(command))?;
    if let Some(stdout) = child.stdout.take() {
        for bytes in BufReader::new(stdout).split(b'\n') {
            let text = bytes.context("cannot read what it printed")?;
            let text = String::from_utf8_lossy(&text);
            line(&text);
            println!("{text}");
        }
    }
    child.wait().with_context(|| starting(command))
}

fn shown(command: &Command) -> String {
    let name = Path::new(command.get_program()).file_stem();
    name.into_iter()
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}

fn starting(command: &Command) -> String {
    format!("cannot run {}", shown(command))
}

fn finished(command: &Command, status: ExitStatus) -> Result<()> {
    if !status.success() {
        bail!("`{}` failed ({status})", shown(command));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_calls_cargo_has_nothing_of_this_package() {
        // `cargo test` sets them as `cargo run` does.
        for name in ["CARGO_PKG_NAME", "CARGO_MANIFEST_DIR"] {
            assert!(std::env::var_os(name).is_some());
            let here = Path::new(".");
            for command in [cargo(here), calling_cargo("cargo-hack", here)] {
                let is_removed = (OsStr::new(name), None);
                assert!(command.get_envs().any(|set| set == is_removed), "{name}");
            }
        }
    }
}
