//! The keys of a store of 100,000 tokens are changed while an application uses it: not one of its calls fails. The command
//! that seals the rows again is killed again and again, and then ends.

use super::{
    MOMENT, Programs, empty_folder, fill, keys::SigningKey, port::HeldPort, text, work::Work,
};
use crate::workspace::Workspace;
use anyhow::{Result, ensure};
use lunadefend_process::Process;
use std::{
    fs,
    thread::sleep,
    time::{Duration, Instant},
};

const TOKENS: &str = "100000";
const KILLS: usize = 10;
/// How long all of it may take at any step.
const LONGEST: Duration = Duration::from_secs(900);
/// How long a new key waits before it seals, and the round of the janitor after that.
const UNTIL_IT_SEALS: Duration = Duration::from_secs(300);
/// How many rows are sealed again in a second: so many that ten kills are in the middle.
const ROWS_PER_SECOND: &str = "4000";

pub(super) fn run(workspace: &Workspace, programs: &Programs) -> Result<()> {
    let folder = empty_folder(workspace, "rewraps")?;
    let (store, socket) = (folder.join("tokenizer.redb"), folder.join("admin"));
    let (store, socket) = (text(&store)?, text(&socket)?);
    fill(programs, store, TOKENS)?;

    let lunadefend = programs.find("lunadefend")?;
    let key = SigningKey::make(programs, &folder)?;
    let port = HeldPort::any()?;
    let environment = [
        ("SECUREFRAME_HTTP_ADDR", port.addr()),
        ("SESSION_PUBLIC_KEY", key.public.clone()),
        ("AUTH_PROVIDERS", "http://localhost:3000".to_owned()),
        ("LUNADEFEND_ADMIN_SOCKET", socket.to_owned()),
        ("LUNADEFEND_NEXT_MASTER_KEY", "5f0c".repeat(16)),
        ("RUST_LOG", "error".to_owned()),
    ];
    let serve = ["serve", "--store", store];
    let mut tokenizer = Process::start(&lunadefend, &serve, &environment)?;
    tokenizer.line("lunadefend tokenizer listening on ", MOMENT)?;
    let keys = |arguments: &[&str]| {
        let all = [&["keys"], arguments, &["--socket", socket]].concat();
        Process::start(&lunadefend, &all, &[])
    };

    let work = Work::start(programs, store, &port, &key)?;

    keys(&["rotate"])?.line("version 2 was added", MOMENT)?;
    let rotated = Instant::now();
    loop {
        let mut list = keys(&["list"])?;
        ensure!(list.end(MOMENT)?.success(), "keys list failed");
        if list
            .rest()
            .iter()
            .any(|line| line.starts_with("2  seals new rows,"))
        {
            break;
        }
        ensure!(
            rotated.elapsed() < UNTIL_IT_SEALS,
            "version 2 seals nothing"
        );
        sleep(Duration::from_secs(1));
    }
    let rewrap = || keys(&["rewrap", "--rows-per-second", ROWS_PER_SECOND]);
    for kill in 0..KILLS {
        let mut rewrap = rewrap()?;
        // Each goes further than the one before it, but one.
        for _ in 0..=kill {
            rewrap.line("", LONGEST)?;
        }
        rewrap.signal("KILL")?;
        let status = rewrap.end(MOMENT)?;
        ensure!(status.code().is_none(), "it ended before it was killed");
    }
    let mut last = rewrap()?;
    let done = last.line("all ", LONGEST)?;
    ensure!(last.end(MOMENT)?.success(), "the last rewrap failed");
    let again = rewrap()?;
    let again = again.line("all ", LONGEST)?;
    ensure!(
        again.ends_with(" 0 sealed again"),
        "there was more: {again}"
    );
    keys(&["rotate", "--master"])?.line("the key ring is sealed", MOMENT)?;
    // Calls after the change.
    sleep(Duration::from_secs(5));
    let worked = work.end()?;
    tokenizer.signal("TERM")?;
    ensure!(tokenizer.end(MOMENT)?.success(), "the tokenizer failed");
    println!(
        "soak: rewraps: {TOKENS} tokens, killed {KILLS} times: at last {done}; meanwhile {worked}"
    );
    fs::remove_dir_all(&folder)?;
    Ok(())
}
