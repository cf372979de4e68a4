//! A driver with all that it starts, which ends with the test or with this program, however they end.

use std::{
    io::{BufRead as _, BufReader, Lines},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
};
use tempfile::TempDir;

/// Starts the driver in a session of its own, and kills all of that session when nobody holds the other end of
/// the standard input any longer: then even after a kill of the test nothing is left, neither process nor file.
/// The standard output is the driver's alone, so that it ends with a driver that does not start.
const KEEPER: &str = r#"
    trap '' INT
    setsid "$@" </dev/null &
    exec >&-
    read -r _
    kill -s KILL -- "-$!"
    wait
    rm -rf -- "$TMPDIR"
"#;

/// A running driver.
pub(crate) struct Process {
    keeper: Child,
    directory: TempDir,
}

impl Process {
    /// Starts a driver, and says what it prints.
    pub(crate) fn start(
        driver: &Path,
        arguments: &[&str],
    ) -> (Self, Lines<BufReader<ChildStdout>>) {
        let directory = tempfile::tempdir().unwrap();
        let mut keeper = Command::new("sh")
            .args(["-c", KEEPER, "sh"])
            .arg(driver)
            .args(arguments)
            .env("TMPDIR", directory.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot run {}: {error}", driver.display()));
        let output = BufReader::new(keeper.stdout.take().unwrap());
        (Self { keeper, directory }, output.lines())
    }

    /// A directory that goes with it.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}
