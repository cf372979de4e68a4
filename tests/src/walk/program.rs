//! A walk through an application in a process of its own, as its users start it.

use super::{
    Walk,
    log::{LEVELS, keep},
};
use crate::{pem, signing_key};
use anyhow::{Context, Result, ensure};
use lunadefend_testing::tokenizer::BoundTokenizer;
use std::{
    fs,
    io::{BufRead, BufReader, Lines},
    path::Path,
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
};
use tempfile::NamedTempFile;

/// Starts `program` beside a tokenizer, walks through it, and tells it to stop. Every step must go as it must,
/// it must end well, and nothing that is secret may be printed, with everything logged that can be.
///
/// # Errors
/// With all that was printed when it is otherwise.
#[tokio::main(flavor = "current_thread")]
pub async fn run(program: impl AsRef<Path>, walk: Walk) -> Result<()> {
    let (log, _guard) = keep();
    let tokenizer = BoundTokenizer::bind().await?;
    let mut program = Program::start(program.as_ref(), tokenizer.url())?;
    let app = program.url().with_context(|| program.printed())?;
    let tokenizer = tokenizer.serve_in_real_time(&app).await?;

    let report = walk.through(&app, tokenizer.url()).await;
    let report = report.with_context(|| program.printed())?;
    let status = program.stop()?;
    let printed = [&program.printed(), report.text(), &log.text()].concat();
    ensure!(status.success(), "{status}: {printed}");
    ensure!(
        report.right() == walk.steps() && report.went_well(),
        "{} steps went as they must: {printed}",
        report.right()
    );
    ensure!(
        printed.contains("lunadefend"),
        "nothing was logged: {printed}"
    );
    for word in printed.split(|c: char| !c.is_ascii_alphanumeric() && c != '-') {
        let is_token = word.starts_with("lunasec-") && word.len() > 40;
        ensure!(
            !is_token && !word.starts_with("eyJ"),
            "{word} was printed: {printed}"
        );
    }
    for value in ["078-05-1120", "4111 1111", "ann@example.com"] {
        ensure!(!printed.contains(value), "{value} was printed: {printed}");
    }
    Ok(())
}

/// An application in a process of its own; it ends when it is dropped.
#[derive(Debug)]
pub struct Program {
    child: Child,
    stdout: Lines<BufReader<ChildStdout>>,
    stderr: NamedTempFile,
    said: String,
}

impl Program {
    /// Starts an application for the tokenizer at a URL, on a port that it finds itself, with everything logged.
    ///
    /// # Errors
    /// When it cannot be started.
    #[expect(
        clippy::disallowed_methods,
        reason = "names are read, so that they can be taken away"
    )]
    pub fn start(program: &Path, tokenizer: &str) -> Result<Self> {
        let stderr = NamedTempFile::new()?;
        let mut command = Command::new(program);
        // What a developer has set for their own tokenizer is not for this one.
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("LUNA")) {
                command.env_remove(name);
            }
        }
        let mut child = command
            .env("APP_ADDR", "127.0.0.1:0")
            .env("TOKENIZER_URL", tokenizer)
            .env("LUNASEC_SIGNING_KEY", pem(signing_key()))
            .env("RUST_LOG", LEVELS)
            .env_remove("DATABASE_URL")
            .stdout(Stdio::piped())
            .stderr(stderr.reopen()?)
            .spawn()
            .context("the application cannot be started")?;
        let stdout = child.stdout.take().context("it has no output")?;
        Ok(Self {
            child,
            stdout: BufReader::new(stdout).lines(),
            stderr,
            said: String::new(),
        })
    }

    /// Where it says that it is.
    ///
    /// # Errors
    /// When it ends without a word.
    pub fn url(&mut self) -> Result<String> {
        for line in self.stdout.by_ref() {
            let line = line?;
            self.said.push_str(&line);
            if let Some(url) = line.strip_prefix("application: ") {
                return Ok(url.to_owned());
            }
        }
        anyhow::bail!("it does not say where it is")
    }

    /// Tells it to stop, and waits until it has.
    ///
    /// # Errors
    /// When it has ended already.
    pub fn stop(&mut self) -> Result<ExitStatus> {
        let id = self.child.id().to_string();
        let told = Command::new("kill").args(["-s", "TERM", &id]).status()?;
        ensure!(told.success(), "it has ended already: {}", self.printed());
        for line in self.stdout.by_ref() {
            self.said.push_str(&line?);
        }
        Ok(self.child.wait()?)
    }

    /// All that it has printed so far.
    #[must_use]
    pub fn printed(&self) -> String {
        let logged = fs::read(self.stderr.path()).unwrap_or_default();
        format!("{}\n{}", self.said, String::from_utf8_lossy(&logged))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It has ended already when all went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
