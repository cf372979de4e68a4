//! The programs of others that a soak needs.

use crate::{install::system_packages, workspace::Workspace};
use anyhow::{Context as _, Result, ensure};
use std::path::{Path, PathBuf};

/// Installs what is missing, of Debian's packages of the same names, where that is possible.
pub(super) fn install(workspace: &Workspace, needed: &[&'static str]) -> Result<()> {
    let missing = || -> Vec<_> {
        let needed = needed.iter().copied();
        needed.filter(|name| path_of(name).is_err()).collect()
    };
    if missing().is_empty() {
        return Ok(());
    }
    system_packages(workspace.root(), &missing());
    ensure!(
        missing().is_empty(),
        "not installed: {}; install them and ask again",
        missing().join(", ")
    );
    Ok(())
}

/// Where Debian has a program.
pub(super) fn path_of(name: &str) -> Result<PathBuf> {
    let folders = ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"];
    let mut paths = folders.iter().map(|folder| Path::new(folder).join(name));
    paths
        .find(|path| path.is_file())
        .with_context(|| format!("there is no {name}"))
}
