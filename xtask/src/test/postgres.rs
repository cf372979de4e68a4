//! PostgreSQL and pgbouncer, for the tests of the store on them, each of which starts its own, and for a soak.

use crate::{
    command::{self, program},
    install::{major, system_packages},
    workspace::Workspace,
};
use anyhow::{Result, bail};
use std::path::PathBuf;

/// Names the folder with PostgreSQL's programs, which Debian keeps out of the path.
const FOLDER: &str = "LUNADEFEND_TESTS_POSTGRES";
/// The oldest version that the store knows.
const OLDEST: u32 = 15;

/// Installs what is missing, and returns the environment that tells the tests about it.
pub(super) fn install(workspace: &Workspace) -> Result<Vec<(&'static str, PathBuf)>> {
    Ok(vec![(FOLDER, programs(workspace)?)])
}

/// Installs what is missing, and returns the folder with the server's programs.
pub(crate) fn programs(workspace: &Workspace) -> Result<PathBuf> {
    let found = || {
        let bouncer = program("pgbouncer", workspace.root())
            .arg("--version")
            .output();
        bouncer.ok().and(folder(workspace))
    };
    let installed = found().or_else(|| {
        system_packages(workspace.root(), &["postgresql", "pgbouncer"]);
        found()
    });
    let Some(folder) = installed else {
        bail!(
            "this needs PostgreSQL {OLDEST} or newer, and pgbouncer; install them (Debian: apt-get install postgresql pgbouncer), or name the folder of its programs in {FOLDER}"
        );
    };
    Ok(folder)
}

/// The folder with the newest version of the server.
fn folder(workspace: &Workspace) -> Option<PathBuf> {
    let told = std::env::var_os(FOLDER).map(PathBuf::from);
    let debian = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten();
    let debian = debian.filter_map(|version| Some(version.ok()?.path().join("bin")));
    let found = told.into_iter().chain(debian).filter_map(|folder| {
        let server = folder.join("postgres");
        let said = command::answer(program(server.to_str()?, workspace.root()).arg("--version"))?;
        let version = major(&said).filter(|version| *version >= OLDEST)?;
        Some((version, folder))
    });
    Some(found.max()?.1)
}
