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

    /// Returns the processor time of its threads with this name, as far as Linux keeps it; none for a program without one.
    ///
    /// # Errors
    /// When it has ended.
    pub(crate) fn thread_cpu(&self, name: &str) -> Result<Duration> {
        /// How many letters Linux keeps.
        const KEPT: usize = 15;
        let kept = &name[..name.len().min(KEPT)];
        let mut all = Duration::ZERO;
        for thread in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let path = thread?.path();
            // Another thread may end while we look.
            let Ok(comm) = fs::read_to_string(path.join("comm")) else {
                continue;
            };
            if comm.trim_end() == kept {
                let stat = fs::read_to_string(path.join("stat"))?;
                all += cpu(&stat).context("no processor time of a thread")?;
            }
        }
        Ok(all)
    }

    /// Returns the most resident memory that it ever had, in KiB.
    ///
    /// # Errors
    /// When it has ended.
    pub(crate) fn peak_kib(&self) -> Result<u64> {
        let path = format!("/proc/{}/status", self.child.id());
        let status = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
        memory(&status, "VmHWM:").with_context(|| format!("no memory in {path}"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has ended already when all went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the processor time of all programs that this process has started and that have ended.
///
/// # Errors
/// When Linux does not tell.
pub(crate) fn children_cpu() -> Result<Duration> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    ticks(&stat, 16).context("no processor time of those that ended")
}

fn cpu(stat: &str) -> Option<Duration> {
    ticks(stat, 14)
}

/// What `/proc/PID/stat` (proc(5)) has of processor time in two fields, that of the program and that of the system for it:
/// 14 and 15 are the process's own, 16 and 17 those of its children that have ended.
fn ticks(stat: &str, field: usize) -> Option<Duration> {
    /// Linux gives all programs ticks of this length, whatever its own are.
    const TICK: Duration = Duration::from_millis(10);
    // The name, which is field 2, may have blanks and parentheses.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ').skip(field - 3);
    let user: u32 = fields.next()?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    Some(TICK * (user + system))
}

fn memory(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_read_behind_a_name_of_any_kind() {
        let stat = "7 (a) b (c)) S 1 7 7 0 -1 4194304 100 0 0 0 250 30 5 6 20 0 1 0 100";
        assert_eq!(cpu(stat), Some(Duration::from_millis(2800)));
        assert_eq!(ticks(stat, 16), Some(Duration::from_millis(110)));
        assert_eq!(cpu("7 (a) S 1"), None);
    }

    #[test]
    fn resident_memory_is_read() {
        let status = "Name:\tbench\nVmHWM:\t   99999 kB\nVmRSS:\t   52340 kB\n";
        assert_eq!(memory(status, "VmRSS:"), Some(52_340));
        assert_eq!(memory(status, "VmHWM:"), Some(99_999));
        assert_eq!(memory("Name:\tzombie\n", "VmRSS:"), None);
    }
}
