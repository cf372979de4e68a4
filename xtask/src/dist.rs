//! `cargo xtask dist`: what is shipped. One program that needs nothing of the system, and what belongs beside it.

mod image;
mod program;
mod proof;
mod roots;
mod sbom;

use crate::{
    command::{self, cargo, program as run_program},
    workspace::Workspace,
};
use anyhow::{Context as _, Result, bail, ensure};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The stores that fit into the length that the program may have. AWS is a third of a program that has it.
const FEATURES: &str = "postgres";
/// What the program is linked for, by architecture.
const TARGETS: &[&str] = &["aarch64-unknown-linux-gnu", "x86_64-unknown-linux-gnu"];
const PROGRAM: &str = "lunadefend";
const SUMS: &str = "SHA256SUMS";

pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    let words: Vec<_> = arguments.iter().map(String::as_str).collect();
    if words == [proof::INSIDE] {
        return proof::inside(workspace);
    }
    let (mut proves, mut builds) = (false, true);
    for word in words {
        match word {
            "--prove" => proves = true,
            "--no-build" => builds = false,
            _ => bail!("`dist` takes --prove and --no-build"),
        }
    }
    ensure!(
        proves || builds,
        "`dist --no-build` does nothing without --prove"
    );
    if builds {
        make(workspace)?;
    }
    if proves {
        proof::run(workspace, builds)?;
    }
    Ok(())
}

/// Where it all is, beside what cargo itself keeps of this profile.
fn folder(workspace: &Workspace, target: &str) -> PathBuf {
    workspace.target().join("dist").join(target)
}

fn make(workspace: &Workspace) -> Result<()> {
    let target = target(workspace)?;
    let commit = commit(workspace)?;
    let built = build(workspace, target, &commit.name)?;
    let folder = folder(workspace, target);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(folder.join("data"))?;
    fs::copy(&built, folder.join(PROGRAM))?;
    let bytes = program::check(&folder.join(PROGRAM), &commit.name)?;
    fs::write(folder.join(roots::FILE), roots::pem())?;
    let parts = sbom::write(workspace, target, &commit.time, &folder)?;
    let files = [PROGRAM, roots::FILE, sbom::FILE];
    let sums = command::output(run_program("sha256sum", &folder).args(files))?;
    fs::write(folder.join(SUMS), &sums)?;
    println!(
        "dist: {}: {:.1} MiB for {target}, of {parts} crates, commit {}\n{sums}",
        folder.display(),
        bytes as f64 / program::MIB,
        commit.name
    );
    Ok(())
}

/// The target of this machine: what is shipped is tried where it was made.
fn target(workspace: &Workspace) -> Result<&'static str> {
    let said = command::output(run_program("rustc", workspace.root()).arg("-vV"))?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    let target = TARGETS.iter().find(|target| host == Some(target));
    target.copied().with_context(|| {
        format!(
            "this is built on {}, and not on {}",
            TARGETS.join(" and "),
            host.unwrap_or("this")
        )
    })
}

struct Commit {
    name: String,
    /// Seconds since the Unix epoch.
    time: String,
}

fn commit(workspace: &Workspace) -> Result<Commit> {
    let git = |arguments: &[&str]| {
        let said = command::output(run_program("git", workspace.root()).args(arguments))?;
        anyhow::Ok(said.trim().to_owned())
    };
    let mut name = git(&["rev-parse", "--short=12", "HEAD"])?;
    // It names what it was made of, or it names nothing.
    if !git(&["status", "--porcelain"])?.is_empty() {
        name.push_str("-changed");
    }
    let time = git(&["log", "-1", "--format=%ct"])?;
    Ok(Commit { name, time })
}

fn build(workspace: &Workspace, target: &str, commit: &str) -> Result<PathBuf> {
    // Folders of this machine are no part of the program.
    let from = |folder: &Path, name| format!("--remap-path-prefix={}={name}", folder.display());
    let mut flags = vec!["-Ctarget-feature=+crt-static".to_owned()];
    if let Some(home) = cargo_home() {
        flags.push(from(&home, "/cargo"));
    }
    flags.push(from(workspace.root(), "/lunadefend"));
    let mut cargo = cargo(workspace.root());
    cargo
        .args(["build", "--locked", "--profile", "dist"])
        .args(["--package", "lunadefend-cli", "--features", FEATURES])
        .args(["--target", target])
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"))
        .env("LUNADEFEND_COMMIT", commit);
    command::run(&mut cargo)?;
    Ok(workspace.target().join(target).join("dist").join(PROGRAM))
}

fn cargo_home() -> Option<PathBuf> {
    let named = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    named.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")))
}
