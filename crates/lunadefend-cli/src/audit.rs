//! `lunadefend audit`: whether a log is as it was written, and what it says of a token.

use crate::{
    admin::print,
    audit_log::{HEAD, key},
    settings,
    words::{self, date},
};
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use lunadefend_audit::{
    AuditKey, Beginning, End, Entry, Finding, Head, Item, Line, Name, Record, Report, Verifier,
};
use lunadefend_core::provider::TokenId;
use lunadefend_settings::{Side, table};
use std::{
    collections::BTreeSet,
    fmt::Write,
    fs::{self, File},
    io::{self, BufReader},
    path::{Path, PathBuf},
};

/// Verify audit logs, or search them for a token. The audit key is that of LUNADEFEND_AUDIT_KEY.
#[derive(Args)]
pub(crate) struct Audit {
    #[command(subcommand)]
    command: Command,
    /// A TOML file with settings; the environment wins.
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    Verify(Verify),
    Who(Who),
}

/// Find the first line that was changed, dropped, reordered, repeated or forged, and ends that were cut off.
///
/// Give all files, each process's in order: `audit.log.* audit.log`. A cut end is found with heads only, so give those
/// that the tokenizer printed. The exit code is 0 when nothing is wrong.
#[derive(Args)]
struct Verify {
    /// The files of the log.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// A head that was printed: its line must be there.
    #[arg(long, value_name = "HEAD")]
    head: Vec<Head>,
    /// A file with lines `lunadefend audit head ..`, such as what the tokenizer printed to stdout.
    #[arg(long, value_name = "FILE")]
    heads: Vec<PathBuf>,
    /// Earlier files have been removed: begin with the first line of the first file.
    #[arg(long)]
    rest: bool,
    /// Skip lines of others, as in the stdout of `LUNADEFEND_AUDIT=stdout`.
    #[arg(long)]
    mixed: bool,
}

/// Show all lines about a token, with the downloads and uploads by its URLs.
///
/// Only verified lines are shown. The exit code is not 0 when one is wrong.
#[derive(Args)]
struct Who {
    /// The token, or - for the lines of stdin, which no history of a shell keeps.
    #[arg(value_name = "TOKEN")]
    token: String,
    /// The files of the log.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Print the lines as they are in the log, without their MACs.
    #[arg(long)]
    json: bool,
    /// Skip lines of others, as in the stdout of `LUNADEFEND_AUDIT=stdout`.
    #[arg(long)]
    mixed: bool,
}

impl Audit {
    /// Returns whether nothing is wrong.
    pub(crate) async fn run(self) -> Result<bool> {
        let settings = settings::of_process(Side::Tokenizer, self.config.as_deref())?;
        let key = key(&settings).await?.ok_or_else(|| {
            let advice = "set it to the key of the tokenizers that wrote the log";
            settings.missing(&table::AUDIT_KEY, advice)
        })?;
        match self.command {
            Command::Verify(verify) => verify.run(&key),
            Command::Who(who) => who.run(&key),
        }
    }
}

impl Verify {
    fn run(self, key: &AuditKey) -> Result<bool> {
        let mut heads = self.head;
        for path in &self.heads {
            heads.extend(heads_in(path)?);
        }
        let beginning = match self.rest {
            true => Beginning::Rest,
            false => Beginning::Whole,
        };
        let mut verifier = verifier(key, beginning, self.mixed).with_heads(heads);
        for path in &self.files {
            if let Err(finding) = verifier.file(open(path)?, |_, _| ()) {
                return Ok(wrong(path, &finding));
            }
        }
        match verifier.finish() {
            Ok(report) => {
                print(&told(&report));
                Ok(true)
            }
            Err(finding) => {
                print(&format!("{finding}\n"));
                Ok(false)
            }
        }
    }
}

/// Returns the heads in a text among other lines.
fn heads_in(path: &Path) -> Result<Vec<Head>> {
    let text = fs::read_to_string(path);
    let text = text.with_context(|| format!("cannot read {}", path.display()))?;
    let heads = text.lines().filter_map(|line| line.split_once(HEAD));
    let heads = heads.map(|(_, head)| head.trim().parse());
    let heads = heads.collect::<Result<Vec<Head>, _>>();
    let heads = heads.with_context(|| format!("a head in {} is wrong", path.display()))?;
    if heads.is_empty() {
        bail!("{} has no line `{HEAD}..`", path.display());
    }
    Ok(heads)
}

fn told(report: &Report) -> String {
    let processes = report.processes.len();
    let mut told = format!(
        "{} lines of {processes} processes are as they were written\n",
        report.lines
    );
    // A String takes everything.
    if report.torn > 0 {
        let _ = writeln!(
            told,
            "{} lines are unfinished, as a crash leaves them: no value left for one",
            report.torn
        );
    }
    for process in &report.processes {
        if process.end == End::Open {
            let _ = writeln!(
                told,
                "no end of a process: it runs, was killed, or was cut off after {}",
                process.last
            );
        }
    }
    told
}

impl Who {
    fn run(self, key: &AuditKey) -> Result<bool> {
        let names = key.names();
        let words = words::all(&[self.token], io::stdin().lock())?;
        let mut tokens = BTreeSet::new();
        for (index, word) in words.iter().enumerate() {
            // It may be something else, such as a value: it is not repeated.
            let token = TokenId::parse(word);
            let token = token.with_context(|| format!("number {} is no token", index + 1))?;
            tokens.insert(names.token(&token));
        }
        let is_of_token = |item: &Item| item.token.is_some_and(|token| tokens.contains(&token));
        // A URL is used after it was made, but perhaps at another process, whose file comes first.
        let mut urls: BTreeSet<Name> = BTreeSet::new();
        let mut is_right = read(key, &self.files, self.mixed, |_, record| {
            let of_token = record.items.iter().filter(|item| is_of_token(item));
            urls.extend(of_token.filter_map(|item| item.url));
        })?;
        let is_about =
            |item: &Item| is_of_token(item) || item.url.is_some_and(|url| urls.contains(&url));
        let mut found = Vec::new();
        read(key, &self.files, self.mixed, |line, record| {
            if let Some(item) = record.items.iter().find(|item| is_about(item)) {
                found.push(match self.json {
                    true => serde_json::to_string(line).map(|json| json + "\n"),
                    false => Ok(shown(line, record, item)),
                });
            }
        })?;
        for line in found {
            match line {
                Ok(line) => print(&line),
                Err(_) => is_right = false,
            }
        }
        Ok(is_right)
    }
}

/// Reads the acts of all files, as far as they are right; returns whether that is to their ends.
fn read(
    key: &AuditKey,
    files: &[PathBuf],
    mixed: bool,
    mut seen: impl FnMut(&Line, &Record),
) -> Result<bool> {
    let mut verifier = verifier(key, Beginning::Rest, mixed);
    for path in files {
        let read = verifier.file(open(path)?, |_, line| {
            if let Entry::Act(record) = &line.entry {
                seen(line, record);
            }
        });
        if let Err(finding) = read {
            eprintln!("error: {}: {finding}", path.display());
            return Ok(false);
        }
    }
    Ok(true)
}

fn shown(line: &Line, record: &Record, item: &Item) -> String {
    let mut shown = date(line.at);
    // A String takes everything.
    let _ = write!(shown, "  {} by {}", word(&record.act), word(&record.by));
    let session = record.session.or(item.session);
    let _ = session.map(|session| write!(shown, ", session {session}"));
    let _ = match (record.status, item.refused) {
        (None, _) => write!(shown, ", no answer: it may have been done"),
        (Some(200..300), false) => write!(shown, ", done"),
        (Some(status), _) => write!(shown, ", refused ({status})"),
    };
    let request = record.request.as_ref();
    let _ = request.map(|request| write!(shown, ", request {request}"));
    shown + "\n"
}

/// Returns the word of an act or a caller in the log.
fn word(of: &impl serde::Serialize) -> String {
    let word = serde_json::to_value(of).ok();
    let word = word.as_ref().and_then(|word| word.as_str());
    word.unwrap_or_default().to_owned()
}

fn verifier(key: &AuditKey, beginning: Beginning, mixed: bool) -> Verifier<'_> {
    let verifier = Verifier::new(key, beginning);
    match mixed {
        true => verifier.skipping_others(),
        false => verifier,
    }
}

fn open(path: &Path) -> Result<BufReader<File>> {
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(BufReader::new(file))
}

/// Says what is wrong; returns that something is.
fn wrong(path: &Path, finding: &Finding) -> bool {
    print(&format!("{}: {finding}\n", path.display()));
    false
}
