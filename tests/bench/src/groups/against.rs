//! Another revision of this repository, in a folder beside the bench's own.

use anyhow::{Context, Result, ensure};
use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// Has the revision in a folder of its own, and returns that. An earlier one is taken again.
pub(super) fn checkout(out: &Path, revision: &str) -> Result<PathBuf> {
    let git = |arguments: &[&str]| {
        let said = Command::new("git").args(arguments).output()?;
        ensure!(said.status.success(), "git {} failed", arguments.join(" "));
        Ok(String::from_utf8(said.stdout)?.trim().to_owned())
    };
    let commit = git(&["rev-parse", "--verify", &format!("{revision}^{{commit}}")])?;
    let folder = out.join("against").join(&commit);
    if !folder.is_dir() {
        let path = folder.to_str().context("a path that is no text")?;
        git(&["worktree", "prune"])?;
        git(&["worktree", "add", "--detach", path, &commit])?;
    }
    Ok(folder.canonicalize()?)
}

/// A cargo that builds in this folder, and has a target directory of its own.
pub(super) fn cargo(folder: &Path, target: &Path) -> Command {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(folder).env("CARGO_TARGET_DIR", target);
    // A cold build is one without what this run inherited from its own cargo.
    for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "RUSTC_WRAPPER"] {
        cargo.env_remove(name);
    }
    cargo
}
