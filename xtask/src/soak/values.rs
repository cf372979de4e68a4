//! Long values: what memory they need on either side, how slow a line may be, and what is left of a cut one.

use super::{
    MOMENT, Programs, empty_folder, keys::SigningKey, outcome::number, port::HeldPort, text, tools,
};
use crate::{command, workspace::Workspace};
use anyhow::{Result, ensure};
use lunadefend_process::Process;
use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

/// What either side may have in memory at any time, whatever the length of a value. The program itself, in a debug build, is
/// 35 MiB of it.
const MOST_KIB: u64 = 96 * 1024;
/// How long a value may take, for each MiB of it, and besides.
const PER_MIB: Duration = Duration::from_millis(500);
const BESIDES: Duration = Duration::from_secs(120);
const MIB: u64 = 1024 * 1024;
/// How many calls there are whose syncs are counted.
const SYNCED: usize = 40;
/// The syncs of the tokenizer's own, for which there is time between two calls.
const BY_ITSELF: usize = 5;
/// The system calls that make the disk keep what was written.
const SYNCS: &str = "trace=fsync,fdatasync,msync,sync_file_range,syncfs";
/// A slow line: 64 KiB a second.
const SLOW_BYTES_PER_SECOND: u64 = 64 * 1024;
/// How much of a value is sent before it is cut: well over `MAX_VOLATILE_BYTES` of the embedded store (64 MiB) and what is in
/// memory on its way there, so that parts must be on the disk.
const CUT_AFTER: u64 = 96 * MIB;

/// How much is done.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    /// The length of the long values.
    pub(super) bytes: u64,
    /// How long the upload over a slow line takes.
    pub(super) slow_seconds: u64,
}

impl Extent {
    /// For the CI.
    pub(super) const SHORT: Self = Self {
        bytes: 96 * MIB,
        slow_seconds: 3,
    };
    /// The longest value, and longer than any time limit.
    pub(super) const LONG: Self = Self {
        bytes: 1024 * MIB,
        slow_seconds: 600,
    };
}

pub(super) fn run(workspace: &Workspace, programs: &Programs, extent: Extent) -> Result<()> {
    let scene = Scene::set(workspace, programs)?;
    println!("soak: values: {}", scene.syncs(workspace)?);
    println!("soak: values: {}", scene.cut()?);
    println!("soak: values: {}", scene.by_the_sdk(extent)?);
    println!("soak: values: {}", scene.by_curl(extent.bytes)?);
    println!("soak: values: {}", scene.slowly(extent.slow_seconds)?);
    fs::remove_dir_all(&scene.folder)?;
    Ok(())
}

/// All that a tokenizer and an application need.
struct Scene<'p> {
    programs: &'p Programs,
    folder: PathBuf,
    port: HeldPort,
    key: SigningKey,
}

impl<'p> Scene<'p> {
    fn set(workspace: &Workspace, programs: &'p Programs) -> Result<Self> {
        let folder = empty_folder(workspace, "values")?;
        let key = SigningKey::make(programs, &folder)?;
        Ok(Self {
            programs,
            port: HeldPort::any()?,
            key,
            folder,
        })
    }

    fn store(&self, name: &str) -> PathBuf {
        self.folder.join(name).with_extension("redb")
    }

    /// A tokenizer that takes the longest values.
    fn tokenizer(&self, store: &Path) -> Result<Process> {
        let lunadefend = self.programs.find("lunadefend")?;
        self.serve(&lunadefend, &[], store)
    }

    /// The tokenizer, by a program that starts it after `before`.
    fn serve(&self, program: &Path, before: &[&str], store: &Path) -> Result<Process> {
        let environment = [
            ("SECUREFRAME_HTTP_ADDR", self.port.addr()),
            ("SESSION_PUBLIC_KEY", self.key.public.clone()),
            ("AUTH_PROVIDERS", "http://localhost:3000".to_owned()),
            ("LUNADEFEND_MAX_VALUE", "1GiB".to_owned()),
            ("LUNADEFEND_SESSION_BYTES", "1GiB".to_owned()),
            ("RUST_LOG", "error".to_owned()),
        ];
        let arguments = [before, &["serve", "--store", text(store)?]].concat();
        let tokenizer = Process::start(program, &arguments, &environment)?;
        tokenizer.line("lunadefend tokenizer listening on ", MOMENT)?;
        Ok(tokenizer)
    }

    /// The application's side, as a process of its own.
    fn values(&self, arguments: &[&str]) -> Result<Process> {
        let environment = [
            (
                "TOKENIZER_URL",
                format!("http://localhost:{}", self.port.number()),
            ),
            ("LUNASEC_SIGNING_KEY", self.key.private.clone()),
        ];
        Process::start(&self.programs.find("values")?, arguments, &environment)
    }

    /// A value up and down by the SDK.
    fn by_the_sdk(&self, extent: Extent) -> Result<String> {
        let mut tokenizer = self.tokenizer(&self.store("sdk"))?;
        let bytes = extent.bytes.to_string();
        let round = self.round(&["round", "--bytes", &bytes], patience(extent.bytes))?;
        let peak = end(&mut tokenizer)?;
        judge("the tokenizer", peak)?;
        judge("the application", round.peak_kib)?;
        Ok(format!(
            "{} MiB by the SDK, up in {:.1} s and down in {:.1} s; at most {:.1} MiB in the tokenizer, {:.1} MiB in the application",
            extent.bytes / MIB,
            round.up_millis as f64 / 1000.0,
            round.down_millis as f64 / 1000.0,
            mib(peak),
            mib(round.peak_kib),
        ))
    }

    /// The same over a line that takes long.
    fn slowly(&self, seconds: u64) -> Result<String> {
        let mut tokenizer = self.tokenizer(&self.store("slow"))?;
        let (bytes, time) = (
            (seconds * SLOW_BYTES_PER_SECOND).to_string(),
            seconds.to_string(),
        );
        let arguments = ["slow", "--bytes", &bytes, "--seconds", &time];
        let round = self.round(&arguments, BESIDES + Duration::from_secs(seconds))?;
        ensure!(round.up_millis >= seconds * 1000, "it was not slow");
        let peak = end(&mut tokenizer)?;
        judge("the tokenizer", peak)?;
        judge("the application", round.peak_kib)?;
        Ok(format!(
            "an upload of {seconds} s at 64 KiB a second was stored and read"
        ))
    }

    fn round(&self, arguments: &[&str], limit: Duration) -> Result<Round> {
        let mut values = self.values(arguments)?;
        let up_millis = number(&values.line("uploaded ", limit)?, "millis=")?;
        let down_millis = number(&values.line("downloaded ", limit)?, "millis=")?;
        let peak_kib = values.line("peak_kib=", MOMENT)?.parse()?;
        let status = values.end(MOMENT)?;
        ensure!(status.success(), "the application ended with {status}");
        Ok(Round {
            up_millis,
            down_millis,
            peak_kib,
        })
    }

    /// A value up and down by curl, which does not know its length before.
    fn by_curl(&self, bytes: u64) -> Result<String> {
        let mut tokenizer = self.tokenizer(&self.store("curl"))?;
        let upload = self.values(&["upload-url"])?;
        let token = upload.line("token=", MOMENT)?;
        let url = upload.line("url=", MOMENT)?;
        let bytes = bytes.to_string();
        self.shell(
            r#"head -c "$0" /dev/zero | curl -sS --fail -T - "$URL""#,
            &[&bytes],
            &url,
        )?;
        let url = self
            .values(&["download-url", "--token", &token])?
            .line("url=", MOMENT)?;
        // Longer than it should be, it would end the comparison too.
        let compare = r#"head -c "$0" /dev/zero > "$1" && curl -sS --fail "$URL" | cmp - "$1""#;
        let zeros = self.folder.join("zeros");
        self.shell(compare, &[&bytes, text(&zeros)?], &url)?;
        let peak = end(&mut tokenizer)?;
        judge("the tokenizer", peak)?;
        Ok(format!(
            "{} MiB by curl, up and down; at most {:.1} MiB in the tokenizer",
            bytes.parse::<u64>()? / MIB,
            mib(peak)
        ))
    }

    /// Runs a script about a signed URL, which is not printed.
    fn shell(&self, script: &str, arguments: &[&str], url: &str) -> Result<()> {
        let mut shell = command::program("sh", &self.folder);
        let shell = shell.args(["-c", script]).args(arguments);
        command::run(shell.env("URL", url))
    }

    /// Counts how often the tokenizer makes the disk keep what it wrote, from outside of it.
    fn syncs(&self, workspace: &Workspace) -> Result<String> {
        tools::install(workspace, &["strace"])?;
        let strace = tools::path_of("strace")?;
        let mut tries = command::program(&strace, &self.folder);
        if !command::succeeds(tries.args(["-qq", "-e", "trace=none", "true"])) {
            return Ok("nobody may be traced on this system: no syncs were counted".to_owned());
        }
        let lunadefend = self.programs.find("lunadefend")?;
        let log = self.folder.join("syncs");
        // The tokenizer is our child, not strace's: signals reach it.
        let before = [
            "-D",
            "-f",
            "-qq",
            "-e",
            SYNCS,
            "-o",
            text(&log)?,
            text(&lunadefend)?,
        ];
        let mut tokenizer = self.serve(&strace, &before, &self.store("syncs"))?;
        let count = SYNCED.to_string();
        let mut values = self.values(&["syncs", "--count", &count])?;
        values.line("ready", MOMENT)?;
        let mut said = Vec::new();
        for (calls, each) in [
            ("stored", 1),
            ("read", 0),
            ("counted", 1),
            ("put", 2),
            ("got", 0),
        ] {
            let begun = lines(&log)?;
            values.tell("go")?;
            values.line(calls, BESIDES)?;
            let found = lines(&log)? - begun;
            let expected = each * SYNCED;
            ensure!(
                (expected..=expected + BY_ITSELF).contains(&found),
                "{SYNCED} values {calls} took {found} syncs to the disk, and may take {expected}"
            );
            said.push(format!("{calls} {each}"));
        }
        ensure!(values.end(MOMENT)?.success(), "the application failed");
        end(&mut tokenizer)?;
        Ok(format!(
            "syncs to the disk for each value: {}",
            said.join(", ")
        ))
    }

    /// Values that are never finished: because their sender died, and because the tokenizer did.
    fn cut(&self) -> Result<String> {
        let store = self.store("cut");
        end(&mut self.tokenizer(&store)?)?;
        let empty = self.count(&store)?.left;
        ensure!(empty.parts == 0, "a new store has parts");
        let sent = CUT_AFTER.to_string();
        let mut found = Vec::new();
        for tokenizer_dies in [false, true] {
            let mut tokenizer = self.tokenizer(&store)?;
            let mut values = self.values(&["cut", "--bytes", &sent])?;
            values.line("sent", patience(CUT_AFTER))?;
            if tokenizer_dies {
                tokenizer.signal("KILL")?;
                tokenizer.end(MOMENT)?;
            }
            values.signal("KILL")?;
            values.end(MOMENT)?;
            if !tokenizer_dies {
                end(&mut tokenizer)?;
            }
            let count = self.count(&store)?;
            ensure!(
                count.left == empty,
                "after the sweep {:?} are left of a cut upload, and a new store has {empty:?}",
                count.left
            );
            found.push(count.found.parts);
        }
        ensure!(
            found.last() > Some(&0),
            "the tokenizer had stored no part when it was killed"
        );
        Ok(format!(
            "of cut uploads nothing was left after the sweep, of {found:?} parts before"
        ))
    }

    fn count(&self, store: &Path) -> Result<Count> {
        let count = self.values(&["count", "--store", text(store)?])?;
        let read = |start: &str| -> Result<Remains> {
            let line = count.line(start, BESIDES)?;
            Ok(Remains {
                rows: number(&line, "rows=")?,
                parts: number(&line, "parts=")?,
            })
        };
        Ok(Count {
            found: read("found ")?,
            left: read("left ")?,
        })
    }
}

/// What became of a value by the SDK.
struct Round {
    up_millis: u64,
    down_millis: u64,
    peak_kib: u64,
}

/// What a store has before and after a sweep.
struct Count {
    found: Remains,
    left: Remains,
}

#[derive(Debug, PartialEq, Eq)]
struct Remains {
    rows: u64,
    parts: u64,
}

fn judge(name: &str, peak_kib: u64) -> Result<()> {
    ensure!(
        peak_kib < MOST_KIB,
        "{name} had {:.1} MiB in memory, and may have less than {} MiB",
        mib(peak_kib),
        MOST_KIB / 1024
    );
    Ok(())
}

/// Ends a tokenizer, and gives the most memory that it ever had.
fn end(tokenizer: &mut Process) -> Result<u64> {
    let peak = tokenizer.peak_kib()?;
    tokenizer.signal("TERM")?;
    let status = tokenizer.end(MOMENT)?;
    ensure!(status.success(), "the tokenizer ended with {status}");
    Ok(peak)
}

fn lines(file: &Path) -> Result<usize> {
    Ok(fs::read_to_string(file)?.lines().count())
}

fn patience(bytes: u64) -> Duration {
    BESIDES + PER_MIB.mul_f64((bytes / MIB) as f64)
}

fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_kib_too_much_is_too_much() {
        judge("it", MOST_KIB - 1).unwrap();
        let error = judge("it", MOST_KIB).unwrap_err();
        assert!(error.to_string().contains("96.0 MiB"), "{error}");
    }
}
