//! A PostgreSQL of a soak's own, at a socket in a folder, so that no port is taken.

use super::SharedStore;
use crate::{
    command::{self, program},
    soak::{MOMENT, Programs},
    test::postgres,
    workspace::Workspace,
};
use anyhow::{Context as _, Result, ensure};
use lunadefend_process::Process;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The role that owns the database.
const ROLE: &str = "tokenizer";
/// It names the socket only.
const PORT: &str = "5432";
/// Three tokenizers with all their connections, and as many of processes that were killed.
const CONNECTIONS: &str = "max_connections=120";
/// The server writes to its standard error.
const TO_OUTPUT: &str = r#"exec "$0" "$@" 2>&1"#;
/// It refuses to run as root.
const AS_SERVER: [&str; 5] = [
    "setpriv",
    "--reuid=postgres",
    "--regid=postgres",
    "--clear-groups",
    "--",
];

/// A running server with the schema.
pub(crate) struct PostgresServer {
    folder: PathBuf,
    server: Process,
}

impl PostgresServer {
    pub(crate) fn start(workspace: &Workspace, programs: &Programs) -> Result<Self> {
        let installed = postgres::programs(workspace)?;
        // The name of a socket is short, and the server's user may not read the target directory.
        let folder = std::env::temp_dir().join(format!("soak-kills-{}", std::process::id()));
        fs::create_dir(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let made = Self::in_folder(&installed, &folder);
        if made.is_err() {
            // The first error is the one to tell.
            let _ = fs::remove_dir_all(&folder);
        }
        let server = made?;
        server.migrate(programs)?;
        Ok(server)
    }

    fn in_folder(installed: &Path, folder: &Path) -> Result<Self> {
        let is_root = command::answer(program("id", folder).arg("-u")).is_some_and(|id| id == "0");
        let before = if is_root { &AS_SERVER[..] } else { &[] };
        if is_root {
            let mut chown = program("chown", folder);
            command::output(chown.arg("postgres:postgres").arg(folder))?;
        }
        let text = |path: PathBuf| path.into_os_string().into_string().ok();
        let no_text = "the temporary directory has a name that is no text";
        let data = text(folder.join("data")).context(no_text)?;
        let socket = text(folder.to_owned()).context(no_text)?;
        let installed = |name| text(installed.join(name)).context(no_text);

        let initdb = installed("initdb")?;
        let make = [
            &initdb,
            "--auth=trust",
            "--no-sync",
            "--no-locale",
            "--encoding=UTF8",
            "--username",
            ROLE,
            "--pgdata",
            &data,
        ];
        let mut make = [before, &make].concat().into_iter();
        let mut initdb = program(make.next().context("no program")?, folder);
        command::output(initdb.args(make))?;

        let postgres = installed("postgres")?;
        let serve = [
            &postgres,
            "-D",
            &data,
            "-k",
            &socket,
            "-h",
            "",
            "-p",
            PORT,
            "-c",
            CONNECTIONS,
            "-c",
            "log_line_prefix=",
        ];
        let arguments = [&["-c", TO_OUTPUT], before, &serve].concat();
        let server = Process::start(Path::new("sh"), &arguments, &[])?;
        server.line(
            "LOG:  database system is ready to accept connections",
            MOMENT,
        )?;
        Ok(Self {
            folder: folder.to_owned(),
            server,
        })
    }

    fn migrate(&self, programs: &Programs) -> Result<()> {
        let lunadefend = programs.find("lunadefend")?;
        let mut migrate = Process::start(&lunadefend, &["store", "migrate"], &self.settings())?;
        let status = migrate.end(MOMENT)?;
        ensure!(
            status.success(),
            "lunadefend store migrate: {status}; it must be built with its feature `postgres`, as --all-features does"
        );
        Ok(())
    }
}

impl SharedStore for PostgresServer {
    fn name(&self) -> &'static str {
        "postgres"
    }

    fn settings(&self) -> Vec<(&'static str, String)> {
        let folder = self.folder.display();
        let url = format!("postgres:///postgres?host={folder}&port={PORT}&user={ROLE}");
        vec![("LUNADEFEND_POSTGRES_URL", url)]
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        // Whatever goes wrong here is not what the soak is about.
        let _ = self.server.signal("INT");
        let _ = self.server.end(MOMENT);
        let _ = fs::remove_dir_all(&self.folder);
    }
}
