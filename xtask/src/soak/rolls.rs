//! Tokenizers on one PostgreSQL that are restarted one after the other, behind a balancer that asks `/ready`: no client may
//! notice.

use super::{
    MOMENT, Programs, empty_folder,
    kills::{CHECK, PROCESSES, Scene, stop, until_it_listens, verdict::Verdict},
    port::HeldPort,
    probe::until_ready,
    shared::PostgresServer,
    text, tools,
};
use crate::workspace::Workspace;
use anyhow::{Context as _, Result, ensure};
use lunadefend_process::Process;
use std::{fs, path::Path, thread::sleep, time::Duration};

/// How often a tokenizer is restarted.
const ROLLS: usize = 12;
/// How long each says that it is not ready before it refuses anything.
const DRAIN_DELAY: &str = "3s";
/// The load needs no choices that differ from run to run.
const SEED: u64 = 15;

pub(super) fn run(workspace: &Workspace, programs: &Programs) -> Result<()> {
    tools::install(workspace, &["haproxy"])?;
    let store = PostgresServer::start(workspace, programs)?;
    let more = [("LUNADEFEND_DRAIN_DELAY", DRAIN_DELAY.to_owned())];
    let mut scene = Scene::set(workspace, programs, &store, SEED, &more)?;
    let port = HeldPort::any()?;
    let docs = fs::read_to_string(workspace.root().join("docs/production.md"))?;
    let folder = empty_folder(workspace, "rolls")?;
    let text = configuration(&docs, &port.addr(), &scene.ports)?;
    let balancer = start(&folder, &text)?;
    until_ready(port.number())?;
    // Twice: the load asks for more than one.
    let mut load = scene.load(SEED, &[port.addr(), port.addr()])?;
    for roll in 0..ROLLS {
        let number = roll % PROCESSES;
        stop(&mut scene.tokenizers[number])?;
        scene.tokenizers[number] = scene.start(number)?;
        until_it_listens(&mut scene.tokenizers[number])?;
        until_ready(scene.ports[number].number())?;
        // So that the balancer has seen it before the next one goes.
        sleep(Duration::from_secs(2));
    }
    load.tell("check")?;
    let checked = load.line("checked ", CHECK)?;
    ensure!(load.end(MOMENT)?.success(), "the load failed");
    balancer.signal("TERM")?;
    let verdict = Verdict::parse(0, &checked)?;
    ensure!(
        [
            verdict.unsent,
            verdict.unknown,
            verdict.wrong,
            verdict.lost,
            verdict.twice
        ] == [0; 5],
        "clients noticed {ROLLS} restarts: {verdict}"
    );
    println!("soak: rolls: {ROLLS} restarts under load behind haproxy: {verdict}");
    Ok(())
}

/// The configuration of the documentation, with our addresses.
fn configuration(docs: &str, listen: &str, tokenizers: &[HeldPort; PROCESSES]) -> Result<String> {
    let (_, rest) = docs
        .split_once("```haproxy\n")
        .context("docs/production.md has no block for haproxy")?;
    let (block, _) = rest.split_once("```\n").context("a block does not end")?;
    // The block belongs to an item of a list.
    let block: String = block
        .lines()
        .flat_map(|line| [line.strip_prefix("  ").unwrap_or(line), "\n"])
        .collect();
    let mut text = block.replace("bind :17700", &format!("bind {listen}"));
    for (number, port) in (1..).zip(tokenizers) {
        let documented = format!("10.0.0.{number}:17766");
        ensure!(text.contains(&documented), "the block has no {documented}");
        text = text.replace(&documented, &port.addr());
    }
    Ok(text)
}

fn start(folder: &Path, configuration: &str) -> Result<Process> {
    let path = folder.join("haproxy.cfg");
    fs::write(&path, configuration)?;
    let arguments = ["-db", "-q", "-f", text(&path)?];
    Process::start(&tools::path_of("haproxy")?, &arguments, &[])
}
