//! A program that runs beside us, and what it uses.

use anyhow::{Context, Result, bail, ensure};
use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant},
};

/// How long a program may take to start or to end.
pub(crate) const MOMENT: Duration = Duration::from_secs(60);

/// Many connections are many open files: as many as the system permits.
const WITH_ALL_FILES: &str = r#"ulimit -n "$(ulimit -H -n)" 2>/dev/null; exec "$0" "$@""#;

/// A running program, until it is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    name: String,
    child: Child,
    stdin: ChildStdin,
    lines: Receiver<String>,
}

impl Process {
    /// Starts a program, with so many worker threads.
    ///
    /// # Errors
    /// When there is no such program.
    pub(crate) fn start(
        program: &Path,
        arguments: &[&str],
        environment: &[(&str, String)],
        threads: usize,
    ) -> Result<Self> {
        let name = program.file_name().unwrap_or_default().to_string_lossy();
        let mut command = Command::new("sh");
        let command = command
            .args(["-c", WITH_ALL_FILES])
            .arg(program)
            .args(arguments);
        // What somebody has set for his own tokenizer is not for these.
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("LUNA")) {
                command.env_remove(name);
            }
        }
        let mut child = command
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .env("TOKIO_WORKER_THREADS", threads.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        let stdin = child.stdin.take().context("it has no input")?;
        let stdout = child.stdout.take().context("it has no output")?;
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Ok(Self {
            name: name.into_owned(),
            child,
            stdin,
            lines,
        })
    }

    /// Waits for the line that begins with `start`, and gives what is behind that.
    ///
    /// # Errors
    /// When it does not come in time, or the program has ended.
    pub(crate) fn line(&self, start: &str, limit: Duration) -> Result<String> {
        let last = Instant::now() + limit;
        loop {
            let left = last.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left);
            let line =
                line.with_context(|| format!("{} did not say `{}`", self.name, start.trim()))?;
            if let Some(rest) = line.strip_prefix(start) {
                return Ok(rest.to_owned());
            }
        }
    }

    /// Sends it a line.
    ///
    /// # Errors
    /// When it has ended.
    pub(crate) fn tell(&mut self, line: &str) -> Result<()> {
        writeln!(self.stdin, "{line}").with_context(|| format!("{} does not listen", self.name))
    }

    /// Asks it to end by SIGTERM, and waits until it has.
    ///
    /// # Errors
    /// When it does not, or with a failure.
    pub(crate) fn stop(&mut self) -> Result<()> {
        let kill = ["-c", r#"kill "$0""#, &self.child.id().to_string()];
        ensure!(
            Command::new("sh").args(kill).status()?.success(),
            "{} is not there any more",
            self.name
        );
        self.end(MOMENT)
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// When it does not come in time, or with a failure.
    pub(crate) fn end(&mut self, limit: Duration) -> Result<()> {
        let begun = Instant::now();
        while begun.elapsed() < limit {
            if let Some(status) = self.child.try_wait()? {
                ensure!(status.success(), "{} ended with {status}", self.name);
                return Ok(());
            }
            thread::sleep(Duration::from_millis(5));
        }
        bail!("{} does not end", self.name)
    }

    /// Returns the processor time that it has used, with all its threads.
    ///
    /// # Errors
    /// When it has ended.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        let path = format!("/proc/{}/stat", self.child.id());
        let stat = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
        cpu(&stat).with_context(|| format!("no processor time in {path}"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has ended already when all went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What `/proc/PID/stat` has of processor time (proc(5)): fields 14 and 15, in ticks of 10 ms.
fn cpu(stat: &str) -> Option<Duration> {
    /// Linux gives all programs ticks of this length, whatever its own are.
    const TICK: Duration = Duration::from_millis(10);
    // The name before may have blanks and parentheses.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ').skip(11);
    let user: u32 = fields.next()?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    Some(TICK * (user + system))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_read_behind_a_name_of_any_kind() {
        let stat = "7 (a) b (c)) S 1 7 7 0 -1 4194304 100 0 0 0 250 30 5 6 20 0 1 0 100";
        assert_eq!(cpu(stat), Some(Duration::from_millis(2800)));
        assert_eq!(cpu("7 (a) S 1"), None);
    }
}
