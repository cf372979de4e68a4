//! Programs of others that the tests hold ours against: PyJWT and jose judge our JWTs, moto stands for AWS.
//!
//! Each lives in a directory of its own below the target directory, made once and again when what
//! `tests/oracles` asks for has changed. The tests learn from the environment where they are.

use crate::{
    command::{self, program},
    workspace::Workspace,
};
use anyhow::{Context as _, Result, bail};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Names the Python that has PyJWT and moto.
const PYTHON: &str = "LUNADEFEND_PYTHON";
/// Names the `node_modules` that has jose.
const NODE_MODULES: &str = "LUNADEFEND_NODE_MODULES";
/// Debian 12 has it.
const OLDEST_NODE: u32 = 18;

/// Installs both, and returns the environment that tells the tests about them.
pub(super) fn install(workspace: &Workspace) -> Result<Vec<(&'static str, PathBuf)>> {
    let wanted = workspace.root().join("tests/oracles");
    let installed = workspace.target().join("oracles");
    fs::create_dir_all(&installed)
        .with_context(|| format!("cannot make {}", installed.display()))?;
    Ok(vec![
        (PYTHON, python(&wanted, &installed.join("venv"))?),
        (NODE_MODULES, node(&wanted, &installed.join("node"))?),
    ])
}

/// A virtual environment with what `requirements.txt` asks for.
fn python(wanted: &Path, venv: &Path) -> Result<PathBuf> {
    let requirements = wanted.join("requirements.txt");
    let binaries = if cfg!(windows) { "Scripts" } else { "bin" };
    let python = venv
        .join(binaries)
        .join(format!("python{}", std::env::consts::EXE_SUFFIX));
    let stamp = read(&requirements)?;
    if is_current(venv, &stamp) && command::succeeds(program(&python, wanted).arg("--version")) {
        return Ok(python);
    }

    let usable =
        || command::succeeds(program("python3", wanted).args(["-c", "import venv, ensurepip"]));
    if !usable() {
        system_packages(wanted, &["python3", "python3-venv"]);
        if !usable() {
            bail!(
                "the tests need Python 3 with venv and pip; install them (Debian: apt-get install python3-venv)"
            );
        }
    }
    command::run(
        program("python3", wanted)
            .args(["-m", "venv", "--clear"])
            .arg(venv),
    )?;
    command::run(
        program(&python, wanted)
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "-r",
            ])
            .arg(&requirements),
    )?;
    mark(venv, &stamp)?;
    Ok(python)
}

/// A `node_modules` with what `package.json` asks for, in the versions of `package-lock.json`.
fn node(wanted: &Path, directory: &Path) -> Result<PathBuf> {
    let modules = directory.join("node_modules");
    let files = ["package.json", "package-lock.json"];
    let mut stamp = String::new();
    for file in files {
        stamp.push_str(&read(&wanted.join(file))?);
    }
    let usable = || {
        let npm = command::succeeds(program("npm", wanted).arg("--version"));
        npm && node_major(wanted).is_some()
    };
    if !usable() {
        system_packages(wanted, &["nodejs", "npm"]);
    }
    match node_major(wanted) {
        Some(major) if major < OLDEST_NODE => {
            bail!("the tests need node {OLDEST_NODE} or newer, and there is {major}; upgrade it")
        }
        Some(_) if usable() => {}
        _ => bail!("the tests need node and npm; install them (Debian: apt-get install npm)"),
    }
    if is_current(directory, &stamp) {
        return Ok(modules);
    }

    fs::create_dir_all(directory)
        .with_context(|| format!("cannot make {}", directory.display()))?;
    for file in files {
        fs::copy(wanted.join(file), directory.join(file))
            .with_context(|| format!("cannot copy {file} to {}", directory.display()))?;
    }
    command::run(program("npm", directory).args([
        "ci",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
    ]))?;
    mark(directory, &stamp)?;
    Ok(modules)
}

/// The major version of node, when there is one: `v20.1.0` is 20.
fn node_major(directory: &Path) -> Option<u32> {
    let version = command::answer(program("node", directory).arg("--version"))?;
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

/// Asks the system for packages where it is Debian's and we may; what is still missing afterwards
/// is for the caller to report.
pub(super) fn system_packages(directory: &Path, names: &[&str]) {
    let apt = || {
        let mut apt = program("apt-get", directory);
        apt.env("DEBIAN_FRONTEND", "noninteractive");
        apt
    };
    let is_root = command::answer(program("id", directory).arg("-u")).is_some_and(|id| id == "0");
    if !is_root || !command::succeeds(apt().arg("--version")) {
        return;
    }
    let asked = command::run(apt().args(["update", "--quiet=2"])).and_then(|()| {
        command::run(
            apt()
                .args(["install", "--yes", "--quiet=2", "--no-install-recommends"])
                .args(names),
        )
    });
    if let Err(error) = asked {
        eprintln!("warning: {error:#}");
    }
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Whether a directory was made for exactly this.
fn is_current(directory: &Path, stamp: &str) -> bool {
    fs::read_to_string(directory.join(".made-for")).is_ok_and(|made_for| made_for == stamp)
}

fn mark(directory: &Path, stamp: &str) -> Result<()> {
    let path = directory.join(".made-for");
    fs::write(&path, stamp).with_context(|| format!("cannot write {}", path.display()))
}
