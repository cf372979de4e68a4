//! A store of 100,000 tokens is copied to PostgreSQL by `lunadefend store copy`, which is killed again and again, and then
//! ends. Each token has its value there.

use super::{
    MOMENT, Programs, empty_folder, fill,
    shared::{PostgresServer, SharedStore as _},
    text,
};
use crate::workspace::Workspace;
use anyhow::{Result, ensure};
use lunadefend_process::Process;
use std::{fs, time::Duration};

const TOKENS: &str = "100000";
/// How far each copy comes before it is killed: lines of its progress, each 10,000 rows.
const KILLED_AFTER: [usize; 4] = [2, 3, 11, 24];
/// How long all of it may take at any step.
const LONGEST: Duration = Duration::from_secs(900);

pub(super) fn run(workspace: &Workspace, programs: &Programs) -> Result<()> {
    let folder = empty_folder(workspace, "copies")?;
    let store = folder.join("tokenizer.redb");
    let store = text(&store)?;
    let server = PostgresServer::start(workspace, programs)?;
    let [(_, url)] = &server.settings()[..] else {
        anyhow::bail!("PostgreSQL has one setting");
    };

    fill(programs, store, TOKENS)?;

    let lunadefend = programs.find("lunadefend")?;
    let begin = || {
        let copy = ["store", "copy", "--from", store, "--to", "postgres"];
        Process::start(&lunadefend, &copy, &server.settings())
    };
    for lines in KILLED_AFTER {
        let mut copy = begin()?;
        for _ in 0..lines {
            copy.line("", LONGEST)?;
        }
        copy.signal("KILL")?;
        let status = copy.end(MOMENT)?;
        ensure!(status.code().is_none(), "a copy ended before it was killed");
    }
    let mut copy = begin()?;
    let done = copy.line("the copy is complete and equal: ", LONGEST)?;
    ensure!(copy.end(MOMENT)?.success(), "the copy failed");

    let check = ["check", "--store", store, "--copy", url];
    let check = Process::start(&programs.find("tokens")?, &check, &[])?;
    let checked = check.line("checked ", LONGEST)?;
    ensure!(checked == TOKENS, "{checked} of {TOKENS} tokens");
    println!(
        "soak: copies: {TOKENS} tokens to PostgreSQL, killed {} times: {done}; each has its value",
        KILLED_AFTER.len()
    );
    fs::remove_dir_all(&folder)?;
    Ok(())
}
