//! Clients that mean no good, or do nothing: others are served meanwhile, and memory stays bounded.
//!
//! The clients are `crowd` of `lunadefend-tests`.

use super::{
    MOMENT, PHASE, Programs, empty_folder, keys::SigningKey, outcome::number, port::HeldPort, text,
};
use crate::workspace::Workspace;
use anyhow::{Result, ensure};
use lunadefend_process::Process;

/// Connections that idle.
const IDLE: &str = "5000";
/// What the tokenizer may have in memory with all of them: about 16 KiB each.
const MOST_KIB: u64 = 160 * 1024;

pub(super) fn run(workspace: &Workspace, programs: &Programs) -> Result<()> {
    let folder = empty_folder(workspace, "crowd")?;
    let key = SigningKey::make(programs, &folder)?;
    let port = HeldPort::any()?;
    let environment = [
        ("SECUREFRAME_HTTP_ADDR", port.addr()),
        ("SESSION_PUBLIC_KEY", key.public),
        ("AUTH_PROVIDERS", "http://localhost:3000".to_owned()),
        ("LUNADEFEND_MAX_CONNECTIONS", "6000".to_owned()),
        ("LUNADEFEND_HEAD_TIMEOUT", "60s".to_owned()),
        ("RUST_LOG", "error".to_owned()),
    ];
    let store = folder.join("tokens.redb");
    let arguments = ["serve", "--store", text(&store)?];
    let mut tokenizer = Process::start(&programs.find("lunadefend")?, &arguments, &environment)?;
    tokenizer.line("lunadefend tokenizer listening on ", MOMENT)?;
    let at_rest = tokenizer.resident_kib()?;
    let arguments = ["--tokenizer", &port.addr(), "--idle", IDLE];
    let mut crowd = Process::start(&programs.find("crowd")?, &arguments, &[])?;
    let line = crowd.line("served ", PHASE)?;
    let peak = tokenizer.peak_kib()?;
    ensure!(crowd.end(MOMENT)?.success(), "the crowd failed");
    tokenizer.signal("TERM")?;
    ensure!(tokenizer.end(MOMENT)?.success(), "the tokenizer failed");
    let [idle, others, cut] = ["idle=", "others=", "cut="].map(|name| number(&line, name));
    let (idle, others, cut) = (idle?, others?, cut?);
    ensure!(
        peak <= MOST_KIB,
        "the tokenizer had {} MiB in memory",
        peak / 1024
    );
    println!(
        "soak: crowd: beside {idle} idle connections and slow ones {others} requests of others were answered, {cut} heads and bodies of \
         100 MiB were cut; {} MiB at rest, at most {} MiB",
        at_rest / 1024,
        peak / 1024
    );
    Ok(())
}
