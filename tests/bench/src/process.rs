//! The programs of the bench, and the processor time that they use.

use anyhow::{Context, Result, ensure};
use lunadefend_process::Process;
use std::{fs, path::Path, time::Duration};

/// How long a program may take to start or to end.
pub(crate) const MOMENT: Duration = Duration::from_secs(60);

/// Starts a program, with so many worker threads.
///
/// # Errors
/// When there is no such program.
pub(crate) fn start(
    program: &Path,
    arguments: &[&str],
    environment: &[(&str, String)],
    threads: usize,
) -> Result<Process> {
    let threads = ("TOKIO_WORKER_THREADS", threads.to_string());
    Process::start(program, arguments, &[environment, &[threads]].concat())
}

/// Asks a program to end by SIGTERM, and waits until it has.
///
/// # Errors
/// When it does not, or with a failure.
pub(crate) fn stop(process: &mut Process) -> Result<()> {
    process.signal("TERM")?;
    let status = process.end(MOMENT)?;
    ensure!(status.success(), "{} ended with {status}", process.name());
    Ok(())
}

/// Returns the processor time that a program has used, with all its threads.
///
/// # Errors
/// When it has ended.
pub(crate) fn cpu(process: &Process) -> Result<Duration> {
    let path = format!("/proc/{}/stat", process.id());
    let stat = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    own_ticks(&stat).with_context(|| format!("no processor time in {path}"))
}

/// Returns the processor time of a program's threads with this name, as far as Linux keeps it; none for a program without one.
///
/// # Errors
/// When it has ended.
pub(crate) fn thread_cpu(process: &Process, name: &str) -> Result<Duration> {
    /// How many letters Linux keeps.
    const KEPT: usize = 15;
    let kept = &name[..name.len().min(KEPT)];
    let mut all = Duration::ZERO;
    for thread in fs::read_dir(format!("/proc/{}/task", process.id()))? {
        let path = thread?.path();
        // Another thread may end while we look.
        let Ok(comm) = fs::read_to_string(path.join("comm")) else {
            continue;
        };
        if comm.trim_end() == kept {
            let stat = fs::read_to_string(path.join("stat"))?;
            all += own_ticks(&stat).context("no processor time of a thread")?;
        }
    }
    Ok(all)
}

/// Returns the processor time of all programs that this process has started and that have ended.
///
/// # Errors
/// When Linux does not tell.
pub(crate) fn children_cpu() -> Result<Duration> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    ticks(&stat, 16).context("no processor time of those that ended")
}

fn own_ticks(stat: &str) -> Option<Duration> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_read_behind_a_name_of_any_kind() {
        let stat = "7 (a) b (c)) S 1 7 7 0 -1 4194304 100 0 0 0 250 30 5 6 20 0 1 0 100";
        assert_eq!(own_ticks(stat), Some(Duration::from_millis(2800)));
        assert_eq!(ticks(stat, 16), Some(Duration::from_millis(110)));
        assert_eq!(own_ticks("7 (a) S 1"), None);
    }
}
