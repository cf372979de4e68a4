//! Programs of crates.io that the checks and tests need, each in one version.

use crate::{
    command::{self, cargo, program},
    workspace::Workspace,
};
use anyhow::{Context as _, Result};
use std::{fs, path::PathBuf};

/// A program of crates.io. Its version is raised deliberately: a new one may judge differently.
pub(crate) struct Tool {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    /// The features that the program needs, separated by commas.
    pub(crate) features: &'static str,
}

impl Tool {
    /// The program in the right version: from the path, or our own copy below the target directory.
    pub(crate) fn installed(&self, workspace: &Workspace) -> Result<PathBuf> {
        let Self {
            name,
            version,
            features,
        } = *self;
        let tools = workspace.target().join("tools");
        let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
        let ours = tools.join("bin").join(file);
        // Some want to be called as cargo calls them, with their subcommand.
        let subcommand = name.trim_start_matches("cargo-");
        let calls: [&[&str]; 2] = [&["--version"], &[subcommand, "--version"]];
        for candidate in [PathBuf::from(name), ours.clone()] {
            let says = |arguments: &&[&str]| {
                let mut asked = program(&candidate, workspace.root());
                // Some say more after it: a commit, a licence.
                command::answer(asked.args(*arguments)).is_some_and(|said| {
                    let mut words = said.split_whitespace();
                    let is_it = |word: &str| {
                        let rest = word
                            .strip_prefix(name)
                            .map(|rest| rest.trim_start_matches('-'));
                        // cargo-cyclonedx says its subcommand twice.
                        rest.is_some_and(|rest| rest.is_empty() || rest == subcommand)
                    };
                    words.next().is_some_and(is_it) && words.next() == Some(version)
                })
            };
            if calls.iter().any(says) {
                return Ok(candidate);
            }
        }
        // What they do takes a second; to optimise them as their authors ship them takes many minutes.
        let build = tools.join("target");
        command::run(
            cargo(workspace.root())
                .args(["install", "--locked", "--quiet", "--profile", "dev"])
                .args(["--features", features])
                .arg("--root")
                .arg(&tools)
                .arg("--target-dir")
                .arg(&build)
                .arg(format!("{name}@{version}")),
        )
        .with_context(|| {
            format!("cannot install {name}; with {name} {version} on the path none is needed")
        })?;
        fs::remove_dir_all(&build).with_context(|| format!("cannot remove {}", build.display()))?;
        Ok(ours)
    }
}
