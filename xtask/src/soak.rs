//! `cargo xtask soak`: many users at once on each example application.
//!
//! The application, the tokenizer and the load are three processes, so that the application's memory is what
//! is measured. The load is `soak` of `lunadefend-tests`, which says what its lines mean; before it `walk` of the
//! same walks through the application once.

mod backups;
mod copies;
mod crowd;
mod floods;
mod keys;
mod kills;
mod long;
mod options;
mod outcome;
mod port;
pub(crate) mod probe;
mod proxies;
mod rewraps;
mod rolls;
pub(crate) mod shared;
mod tools;
mod values;
mod work;

use crate::{
    command::{self, cargo},
    workspace::Workspace,
};
use anyhow::{Context as _, Result, bail, ensure};
pub(crate) use long::list as long_runs;
use lunadefend_process::Process;
use options::{Load, Options, What};
use outcome::{Outcome, number};
use port::HeldPort;
use std::{
    fs,
    net::TcpStream,
    path::{Path, PathBuf},
    thread::sleep,
    time::{Duration, Instant},
};
use values::Extent;

/// How long a program may take to start or to end.
const MOMENT: Duration = Duration::from_secs(30);
/// How long a phase of the load may take, besides what is measured: it has bounds of its own.
const PHASE: Duration = Duration::from_secs(240);

pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    let options = Options::parse(arguments)?;
    ensure!(
        cfg!(target_os = "linux"),
        "soak reads memory from /proc, which only Linux has"
    );
    if options.build {
        // What the tests are built as: after them there is nothing left to build.
        command::run(cargo(workspace.root()).args([
            "test",
            "--workspace",
            "--all-features",
            "--locked",
            "--no-run",
        ]))?;
    }
    let programs = Programs(workspace.target().join("debug"));
    match &options.what {
        What::All(load) => {
            soak_all(&programs, options::APPS, *load)?;
            values::run(workspace, &programs, Extent::SHORT)
        }
        What::Apps(apps, load) => soak_all(&programs, apps, *load),
        What::Values => values::run(workspace, &programs, Extent::SHORT),
        What::Proxies { seconds } => proxies::run(workspace, &programs, *seconds),
        What::Long(names) => long::run(workspace, &programs, names),
    }
}

/// Makes an empty folder for a run, in place of what an earlier one left.
fn empty_folder(workspace: &Workspace, run: &str) -> Result<PathBuf> {
    let folder = workspace.target().join("tmp").join(format!("soak-{run}"));
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Returns a path as an argument of a program.
fn text(path: &Path) -> Result<&str> {
    path.to_str()
        .context("the target directory has a name that is no text")
}

/// Fills a new store with so many tokens.
fn fill(programs: &Programs, store: &str, tokens: &str) -> Result<()> {
    /// How long it may take.
    const LONGEST: Duration = Duration::from_secs(900);
    let arguments = ["fill", "--store", store, "--tokens", tokens];
    let mut fill = Process::start(&programs.find("tokens")?, &arguments, &[])?;
    fill.line("filled ", LONGEST)?;
    ensure!(fill.end(MOMENT)?.success(), "the store was not filled");
    Ok(())
}

/// Many users on one application after the other.
fn soak_all(programs: &Programs, apps: &[&str], load: Load) -> Result<()> {
    let mut failed = Vec::new();
    for app in apps {
        let outcome = soak(programs, app, load);
        match outcome.and_then(|outcome| outcome.judge().map(|()| outcome)) {
            Ok(outcome) => println!("soak: {app}: {outcome}"),
            Err(error) => {
                eprintln!("error: {app}: {error:#}");
                failed.push(*app);
            }
        }
    }
    if !failed.is_empty() {
        bail!("these did not stand it: {}", failed.join(", "));
    }
    Ok(())
}

/// Where the programs are.
pub(crate) struct Programs(pub(crate) PathBuf);

impl Programs {
    fn find(&self, name: &str) -> Result<PathBuf> {
        let path = self.0.join(name);
        ensure!(path.is_file(), "{} is not built", path.display());
        Ok(path)
    }
}

fn soak(programs: &Programs, app: &str, load: Load) -> Result<Outcome> {
    let Load { clients, seconds } = load;
    let app = programs.find(app)?;
    let app_port = HeldPort::any()?;
    let app_url = format!("http://localhost:{}", app_port.number());
    let app_addr = app_port.addr();

    let tokenizer = ["dev", "--addr", "127.0.0.1:0", "--app", &app_url];
    let mut tokenizer = Process::start(&programs.find("lunadefend")?, &tokenizer, &[])?;
    let tokenizer_url = tokenizer.line("TOKENIZER_URL=", MOMENT)?;
    let environment = [
        ("APP_ADDR", app_addr.clone()),
        ("TOKENIZER_URL", tokenizer_url.clone()),
        (
            "LUNASEC_SIGNING_KEY",
            tokenizer.line("LUNASEC_SIGNING_KEY=", MOMENT)?,
        ),
        // With as many users as this, on however slow a machine, answers take their time.
        ("LUNADEFEND_DEADLINE", "30s".to_owned()),
        // warp calls it an error when it stops and a connection has had no request yet.
        ("RUST_LOG", "error,warp::server=off".to_owned()),
    ];
    let mut app = Process::start(&app, &[], &environment)?;
    app.line("application: ", MOMENT)?;
    walk(programs, &app_url, &tokenizer_url, &[])?;
    let arguments = [
        ["--app", &app_url],
        ["--tokenizer", &tokenizer_url],
        ["--clients", &clients.to_string()],
        ["--seconds", &seconds.to_string()],
    ];
    let mut load = Process::start(&programs.find("soak")?, arguments.as_flattened(), &[])?;

    load.line("ready", PHASE)?;
    hold(&tokenizer, &mut load, "fill")?;
    tokenizer.signal("CONT")?;
    load.line("warm", PHASE)?;
    let warm_kib = app.resident_kib()?;
    let measured = load.line("measured ", PHASE + Duration::from_secs(seconds))?;
    let end_kib = app.resident_kib()?;

    // The application is told to stop, and only then may the tokenizer answer.
    let held = hold(&tokenizer, &mut load, "hold")?;
    let asked_to_stop = Instant::now();
    app.signal("TERM")?;
    until_closed(&app_addr)?;
    tokenizer.signal("CONT")?;
    let drained = load.line("drained ", PHASE)?;
    let status = app.end(MOMENT)?;
    let ended_after = asked_to_stop.elapsed();
    tokenizer.signal("TERM")?;
    let tokenizer_status = tokenizer.end(MOMENT)?;
    ensure!(
        tokenizer_status.success(),
        "the tokenizer ended with {tokenizer_status}"
    );

    Ok(Outcome {
        clients,
        requests: number(&measured, "requests=")?,
        errors: number(&measured, "errors=")?,
        millis: number(&measured, "millis=")?,
        warm_kib,
        end_kib,
        held,
        answered: number(&drained, "answered=")?,
        failed: number(&drained, "failed=")?,
        status,
        ended_after,
    })
}

/// Stops the tokenizer from answering, so that every user's request stays in the application. Gives their
/// number.
fn hold(tokenizer: &Process, load: &mut Process, word: &str) -> Result<u64> {
    tokenizer.signal("STOP")?;
    load.tell(word)?;
    let held = load.line("held ", PHASE)?;
    held.parse().context("no number of held requests")
}

/// One walk through a running application. Gives what was printed.
fn walk(
    programs: &Programs,
    app: &str,
    tokenizer: &str,
    environment: &[(&str, String)],
) -> Result<Vec<String>> {
    let arguments = ["--app", app, "--tokenizer", tokenizer];
    let mut walk = Process::start(&programs.find("walk")?, &arguments, environment)?;
    let status = walk.end(PHASE)?;
    let printed = walk.rest();
    ensure!(
        status.success(),
        "a walk through it: {status}:\n{}",
        printed.join("\n")
    );
    Ok(printed)
}

/// Waits until nobody can connect any more.
fn until_closed(addr: &str) -> Result<()> {
    let begun = Instant::now();
    while TcpStream::connect(addr).is_ok() {
        if begun.elapsed() > MOMENT {
            bail!("it still takes connections long after SIGTERM");
        }
        sleep(Duration::from_millis(20));
    }
    Ok(())
}
