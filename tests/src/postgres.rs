//! A PostgreSQL of a test's own, and pgbouncer before it: at sockets in a folder, so that no port is taken.

use lunadefend_vault_postgres::{PostgresOptions, PostgresStore};
use std::{
    fs,
    io::{BufRead, BufReader},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
};
use tempfile::TempDir;

/// The role that owns the database.
const ROLE: &str = "tokenizer";
/// It names the sockets only.
const PORT: &str = "5432";

/// A running server, which ends with the test.
pub struct PostgresServer {
    folder: TempDir,
    running: Option<Child>,
}

impl PostgresServer {
    /// An empty server; `None`, which is said, where PostgreSQL is not installed.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start() -> Option<Self> {
        if programs().is_none() {
            println!("skipped: there is no PostgreSQL; `cargo xtask test` installs it");
            return None;
        }
        let folder = TempDir::new().unwrap();
        give_away(folder.path());
        let data = folder.path().join("data");
        run(Command::new("cp").arg("-a").arg(template()).arg(&data));
        let mut server = Self {
            folder,
            running: None,
        };
        server.resume();
        Some(server)
    }

    /// An empty server with the schema.
    pub async fn migrated() -> Option<Self> {
        let server = Self::start()?;
        PostgresStore::migrate(&server.options()).await.unwrap();
        Some(server)
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Starts the server again.
    pub fn resume(&mut self) {
        self.resume_as("database system is ready to accept connections");
    }

    /// Ends the server as `signal` does: INT cuts the connections, QUIT is a crash.
    pub fn stop(&mut self, signal: &str) {
        if let Some(child) = self.running.take() {
            end(child, signal);
        }
    }

    /// Where it is.
    #[must_use]
    pub fn options(&self) -> PostgresOptions {
        Self::options_at(self.folder.path())
    }

    /// Where something is that stands for a server, with a socket of the same name in another folder.
    #[must_use]
    pub fn options_at(folder: &Path) -> PostgresOptions {
        PostgresOptions::from_url(&url(folder)).unwrap()
    }

    /// Its socket.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join(format!(".s.PGSQL.{PORT}"))
    }

    /// Where it is, as a setting.
    #[must_use]
    pub fn url(&self) -> String {
        url(self.folder.path())
    }

    /// Opens the store on it.
    pub async fn open(&self) -> PostgresStore {
        PostgresStore::open(&self.options()).await.unwrap()
    }

    /// Runs statements as another program does.
    ///
    /// # Panics
    /// When one fails.
    pub fn sql(&self, statements: &str) -> String {
        let output = self.psql(statements).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// The program that runs statements.
    #[must_use]
    pub fn psql(&self, statements: &str) -> Command {
        let mut psql = Command::new(program("psql"));
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-p", PORT])
            .args(["-U", ROLE, "-d", "postgres", "-c", statements, "-h"])
            .arg(self.folder.path());
        psql
    }

    /// A pgbouncer in front of this server, in transaction mode, with two connections for all; `None`
    /// where it is not installed.
    #[must_use]
    pub fn bouncer(&self) -> Option<Bouncer> {
        if Command::new("pgbouncer").arg("--version").output().is_err() {
            println!("skipped: there is no pgbouncer; `cargo xtask test` installs it");
            return None;
        }
        let folder = TempDir::new().unwrap();
        let socket = self.folder.path().display();
        let own = folder.path().display();
        let configuration = format!(
            "[databases]\npostgres = user={ROLE} host={socket} port={PORT}\n[pgbouncer]\npool_mode = transaction\n\
             default_pool_size = 2\nlisten_addr =\nlisten_port = {PORT}\nunix_socket_dir = {own}\n\
             auth_type = any\nserver_reset_query =\n"
        );
        let file = folder.path().join("pgbouncer.ini");
        fs::write(&file, configuration).unwrap();
        give_away(folder.path());
        let mut command = as_server(Path::new("pgbouncer"));
        let running = ready(command.arg(file), "process up");
        Some(Bouncer {
            folder,
            running: Some(running),
        })
    }

    /// A failover that went wrong: where the server was there is now a standby of it.
    ///
    /// # Panics
    /// When there is no server to copy.
    pub fn fall_behind(&mut self) {
        let copy = self.folder.path().join("copy");
        let mut backup = as_server(&program("pg_basebackup"));
        backup
            .args([
                "-R", "-c", "fast", "-X", "stream", "-U", ROLE, "-p", PORT, "-D",
            ])
            .arg(&copy)
            .arg("-h")
            .arg(self.folder.path());
        run(&mut backup);
        self.stop("INT");
        fs::remove_dir_all(self.data()).unwrap();
        fs::rename(&copy, self.data()).unwrap();
        self.resume_as("database system is ready to accept read-only connections");
    }

    fn resume_as(&mut self, line: &str) {
        let mut command = as_server(&program("postgres"));
        command
            .args(["-h", "", "-p", PORT, "-c", "max_connections=60", "-k"])
            .arg(self.folder.path())
            .arg("-D")
            .arg(self.data());
        self.running = Some(ready(&mut command, line));
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        self.stop("QUIT");
    }
}

/// A running pgbouncer.
pub struct Bouncer {
    folder: TempDir,
    running: Option<Child>,
}

impl Bouncer {
    /// Where it is.
    #[must_use]
    pub fn options(&self) -> PostgresOptions {
        PostgresServer::options_at(self.folder.path())
    }
}

impl Drop for Bouncer {
    fn drop(&mut self) {
        if let Some(child) = self.running.take() {
            end(child, "TERM");
        }
    }
}

fn url(folder: &Path) -> String {
    let folder = folder.display();
    format!("postgres:///postgres?host={folder}&port={PORT}&user={ROLE}")
}

/// The folder of an empty server, made once: each test gets a copy.
fn template() -> &'static Path {
    static TEMPLATE: OnceLock<PathBuf> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tmp");
        fs::create_dir_all(&kept).unwrap();
        let version = Command::new(program("postgres")).arg("--version").output();
        let version = String::from_utf8(version.unwrap().stdout).unwrap();
        let version: String = version.chars().filter(char::is_ascii_digit).collect();
        let template = kept.join(format!("postgres-{version}"));
        if !template.exists() {
            // Where the server's user may write.
            let folder = TempDir::new().unwrap();
            give_away(folder.path());
            let made = folder.path().join("data");
            let mut init = as_server(&program("initdb"));
            init.args([
                "--auth=trust",
                "--no-sync",
                "--no-locale",
                "--encoding=UTF8",
            ])
            .args(["--username", ROLE, "--pgdata"])
            .arg(&made);
            run(&mut init);
            // Whole or not at all: other tests look for it.
            let own = kept.join(format!("postgres-{}", std::process::id()));
            run(Command::new("cp").arg("-a").arg(&made).arg(&own));
            if fs::rename(&own, &template).is_err() {
                fs::remove_dir_all(&own).unwrap();
            }
        }
        template
    })
}

/// A program of the server's package.
fn program(name: &str) -> PathBuf {
    programs().unwrap().join(name)
}

/// The folder of the server's programs that `cargo xtask test` names, or Debian's.
#[expect(
    clippy::disallowed_methods,
    reason = "the tests learn from their environment where other programs are"
)]
fn programs() -> Option<PathBuf> {
    let told = std::env::var_os("LUNADEFEND_TESTS_POSTGRES").map(PathBuf::from);
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let debian = debian.map(|version| version.unwrap().path().join("bin"));
    told.or_else(|| debian.max())
}

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

/// A command under the user of the server's package, where this process is root: the server refuses to be.
fn as_server(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command
        .args([
            "--reuid=postgres",
            "--regid=postgres",
            "--clear-groups",
            "--",
        ])
        .arg(program);
    command
}

fn give_away(folder: &Path) {
    if is_root() {
        run(Command::new("chown")
            .args(["-R", "postgres:postgres"])
            .arg(folder));
    }
}

fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
}

/// Starts a server, and waits for what it says when it is ready.
fn ready(command: &mut Command, line: &str) -> Child {
    let mut child = command
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut printed = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut seen = Vec::new();
    loop {
        let Some(Ok(next)) = printed.next() else {
            panic!("{command:?} ended: {seen:#?}");
        };
        if next.contains(line) {
            break;
        }
        seen.push(next);
    }
    // It must not wait for somebody to read the rest.
    std::thread::spawn(move || printed.for_each(drop));
    child
}

fn end(mut child: Child, signal: &str) {
    let id = child.id().to_string();
    run(Command::new("kill").args(["-s", signal, &id]));
    child.wait().unwrap();
}
