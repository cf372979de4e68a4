//! A program that runs beside us: for the soak of `xtask`, and for the bench.
#![expect(
    clippy::disallowed_methods,
    reason = "it waits by the clock, and reads its environment"
)]

use anyhow::{Context as _, Result, bail};
use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant},
};

/// Every user is a connection, and every connection an open file: as many as the system permits.
const WITH_ALL_FILES: &str = r#"ulimit -n "$(ulimit -H -n)" 2>/dev/null; exec "$0" "$@""#;

/// A running program, until it is dropped.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    stdin: ChildStdin,
    lines: Receiver<String>,
}

impl Process {
    /// Starts a program, with none of our variables but these.
    ///
    /// # Errors
    /// When there is no such program.
    pub fn start(
        program: &Path,
        arguments: &[&str],
        environment: &[(&str, String)],
    ) -> Result<Self> {
        let name = program.file_name().unwrap_or_default().to_string_lossy();
        let mut command = Command::new("sh");
        command
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
    pub fn line(&self, start: &str, limit: Duration) -> Result<String> {
        let last = Instant::now() + limit;
        loop {
            let left = last.saturating_duration_since(Instant::now());
            let line = self
                .lines
                .recv_timeout(left)
                .with_context(|| format!("{} did not say `{}`", self.name, start.trim()))?;
            if let Some(rest) = line.strip_prefix(start) {
                return Ok(rest.to_owned());
            }
        }
    }

    /// Returns the lines that nobody waited for, when it has ended.
    #[must_use]
    pub fn rest(&self) -> Vec<String> {
        self.lines.iter().collect()
    }

    /// Sends it a line.
    ///
    /// # Errors
    /// When it has ended.
    pub fn tell(&mut self, word: &str) -> Result<()> {
        writeln!(self.stdin, "{word}").with_context(|| format!("{} does not listen", self.name))
    }

    /// Sends it a signal, by its name without `SIG`.
    ///
    /// # Errors
    /// When it has ended.
    pub fn signal(&self, signal: &str) -> Result<()> {
        let id = self.id().to_string();
        let kill = ["-c", r#"kill -s "$0" "$1""#, signal, &id];
        let status = Command::new("sh").args(kill).status()?;
        if !status.success() {
            bail!("{} is not there any more", self.name);
        }
        Ok(())
    }

    /// Returns the name of its file.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns its id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Returns its resident memory, in KiB.
    ///
    /// # Errors
    /// When it has ended.
    pub fn resident_kib(&self) -> Result<u64> {
        self.memory_kib("VmRSS:")
    }

    /// Returns the most resident memory that it ever had, in KiB.
    ///
    /// # Errors
    /// When it has ended.
    pub fn peak_kib(&self) -> Result<u64> {
        self.memory_kib("VmHWM:")
    }

    fn memory_kib(&self, name: &str) -> Result<u64> {
        let path = format!("/proc/{}/status", self.id());
        let status =
            std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
        memory(&status, name).with_context(|| format!("no memory in {path}"))
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// When it does not come in time.
    pub fn end(&mut self, limit: Duration) -> Result<ExitStatus> {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if begun.elapsed() > limit {
                bail!("{} does not end", self.name);
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has ended already when all went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn memory(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resident_memory_is_read() {
        let status = "Name:\taxum-app\nVmHWM:\t   99999 kB\nVmRSS:\t   52340 kB\nThreads:\t3\n";
        assert_eq!(memory(status, "VmRSS:"), Some(52_340));
        assert_eq!(memory(status, "VmHWM:"), Some(99_999));
        assert_eq!(memory("Name:\tzombie\n", "VmRSS:"), None);
    }
}
