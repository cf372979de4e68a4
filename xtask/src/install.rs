//! Installing programs of others: below the target directory, or as packages of the system.

use crate::command::{self, program};
use anyhow::{Context as _, Result, bail};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Debian 12 has it.
const OLDEST_NODE: u32 = 18;

/// Installs what `package.json` of `wanted` asks for, in the versions of `package-lock.json`, and returns the
/// `node_modules` in `directory`. They are made again when one of these files has changed.
pub(crate) fn node(wanted: &Path, directory: &Path) -> Result<PathBuf> {
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
            bail!("this needs node {OLDEST_NODE} or newer, and there is {major}; upgrade it")
        }
        Some(_) if usable() => {}
        _ => bail!("this needs node and npm; install them (Debian: apt-get install npm)"),
    }
    let modules = directory.join("node_modules");
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

/// The major version that a program says: the first number of `Chromium 156.0.8078.108 built on Debian` is 156.
pub(crate) fn major(said: &str) -> Option<u32> {
    let mut words = said.split_whitespace();
    words.find_map(|word| word.split('.').next()?.parse().ok())
}

/// Asks the system for packages where it is Debian's and we may; what is still missing afterwards
/// is for the caller to report.
pub(crate) fn system_packages(directory: &Path, names: &[&str]) {
    let apt = || {
        let mut apt = program("apt-get", directory);
        // To install a server is not to start it: it would take its port.
        apt.env("DEBIAN_FRONTEND", "noninteractive")
            .env("RUNLEVEL", "1");
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

pub(crate) fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Whether a directory was made for exactly this.
pub(crate) fn is_current(directory: &Path, stamp: &str) -> bool {
    fs::read_to_string(directory.join(".made-for")).is_ok_and(|made_for| made_for == stamp)
}

pub(crate) fn mark(directory: &Path, stamp: &str) -> Result<()> {
    let path = directory.join(".made-for");
    fs::write(&path, stamp).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn major_versions() {
        for (said, version) in [
            ("Chromium 156.0.8078.108 built on Debian GNU/Linux 12", 156),
            (
                "ChromeDriver 156.0.8078.108 (730482a940ce-refs/heads/8078@{#2244})",
                156,
            ),
            ("Mozilla Firefox 153.7.0esr", 153),
            ("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)", 15),
        ] {
            assert_eq!(major(said), Some(version), "{said}");
        }
        assert_eq!(major("no version"), None);
    }
}
