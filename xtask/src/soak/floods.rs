//! Clients of HTTP/2 that send as much as they can of what costs them nothing: others are served meanwhile, and memory
//! stays bounded.
//!
//! The clients are `floods` of `lunadefend-tests`.

use super::{MOMENT, PHASE, Programs, outcome::number, port::HeldPort};
use crate::workspace::Workspace;
use anyhow::{Result, ensure};
use lunadefend_process::Process;

/// What the tokenizer may have in memory with 35 flooding clients.
const MOST_KIB: u64 = 96 * 1024;

pub(super) fn run(_: &Workspace, programs: &Programs) -> Result<()> {
    let port = HeldPort::any()?;
    let addr = port.addr();
    let environment = [("RUST_LOG", "error".to_owned())];
    let arguments = ["dev", "--tls", "--addr", &addr];
    let mut tokenizer = Process::start(&programs.find("lunadefend")?, &arguments, &environment)?;
    let certificate = tokenizer.line("SSL_CERT_FILE=", MOMENT)?;
    let at_rest = tokenizer.resident_kib()?;
    let arguments = ["--tokenizer", &addr, "--certificate", &certificate];
    let mut floods = Process::start(&programs.find("floods")?, &arguments, &[])?;
    let line = floods.line("served ", PHASE)?;
    ensure!(floods.end(MOMENT)?.success(), "the clients failed");
    let peak = tokenizer.peak_kib()?;
    tokenizer.signal("TERM")?;
    ensure!(tokenizer.end(MOMENT)?.success(), "the tokenizer failed");
    let (others, cut) = (number(&line, "others=")?, number(&line, "cut=")?);
    ensure!(cut > 0, "nobody was cut off");
    ensure!(
        peak <= MOST_KIB,
        "the tokenizer had {} MiB in memory",
        peak / 1024
    );
    println!(
        "soak: floods: beside 35 clients that flood by HTTP/2 {others} requests of others were answered, {cut} connections were cut \
         off; {} MiB at rest, at most {} MiB",
        at_rest / 1024,
        peak / 1024
    );
    Ok(())
}
