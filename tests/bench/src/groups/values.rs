//! Long values up and down.

mod line;

use super::Ground;
use crate::{
    client::record,
    figures::Wanted,
    job::Request,
    process::cpu,
    programs::{Counting, Server},
    report::{Contender, Group, Id, Quantity, Ratio, Round},
    server::Serving,
    store::FilledStore,
};
use anyhow::{Context, Result};
use line::{Line, pieces};
use std::{
    fs::{self, File},
    io::Write,
    path::Path,
    time::{Duration, Instant},
};
use tokio::runtime::Runtime;

const WRITE: &str = "write and sync a file";
const UP: &str = "upload";
const SERVE: &str = "hyper sends the file";
const DOWN: &str = "download";

pub(super) fn run(ground: &Ground<'_>) -> Result<Group> {
    let mib = ground.options.sized([1, 128, 1024]);
    let file = ground.folder.join("file");
    let bare = ground
        .programs
        .server(&Serving::File(file.clone()), Counting::Off)?;
    let mut rounds = [const { Vec::new() }; 4];
    for number in 0..ground.options.rounds {
        warm(&ground.folder, mib)?;
        let written = timed(mib, None, || Ok(fill(&file, mib)?.sync_all()?))?;
        let [up, down] = round(ground, number, mib)?;
        let served = timed(mib, Some(&bare), || {
            Line::open(bare.address)?.download("/", mib)
        })?;
        fs::remove_file(&file)?;
        for (rounds, round) in rounds.iter_mut().zip([written, up, served, down]) {
            rounds.push(round);
        }
    }
    let contenders = [WRITE, UP, SERVE, DOWN].into_iter().zip(rounds);
    let contenders = contenders.map(|(name, rounds)| Contender::new(Id::new(name, 1), 1, &rounds));
    let note = format!(
        "A value of {mib} MiB; an operation is a MiB. The upload is on the disk when it is answered, as the file is when it \
         was synced. Each round has a store of its own."
    );
    Ok(Group::new("values", note, contenders.collect(), ratios()))
}

/// A value up and down on a tokenizer of its own.
fn round(ground: &Ground<'_>, number: usize, mib: usize) -> Result<[Round; 2]> {
    let (programs, key) = (ground.programs, &ground.key);
    let folder = ground.folder.join(format!("round-{number}"));
    fs::create_dir(&folder)?;
    let runtime = Runtime::new()?;
    let store = runtime.block_on(FilledStore::make(&folder, "values", 1))?;
    let tokenizer = programs.tokenizer(&store.path, key, Counting::Off)?;
    let ask = |request, tokens: &Path| {
        let recorded = record(request, tokenizer.address, key, tokens);
        anyhow::Ok(serde_json::from_str::<serde_json::Value>(
            &runtime.block_on(recorded)?.body,
        )?)
    };
    let text = |answer: &serde_json::Value, name: &str| {
        let text = answer["data"][name].as_str();
        Ok::<_, anyhow::Error>(text.with_context(|| format!("no {name}"))?.to_owned())
    };
    let new = ask(Request::TokenizeLater, &store.tokens)?;
    let url = text(&new, "uploadUrl")?;
    warm(&folder, mib)?;
    let up = timed(mib, Some(&tokenizer), || {
        Line::open(tokenizer.address)?.upload(&url, &new["data"]["headers"], mib)
    })?;
    let token = folder.join("token");
    fs::write(&token, text(&new, "tokenId")?)?;
    let url = text(&ask(Request::DetokenizeUrl, &token)?, "downloadUrl")?;
    let down = timed(mib, Some(&tokenizer), || {
        Line::open(tokenizer.address)?.download(&url, mib)
    })?;
    tokenizer.stop()?;
    fs::remove_dir_all(folder)?;
    Ok([up, down])
}

/// Writes a new file in pieces, into the memory of the system.
fn fill(path: &Path, mib: usize) -> Result<File> {
    let mut file = File::create_new(path)?;
    for piece in pieces(mib) {
        file.write_all(piece)?;
    }
    Ok(file)
}

/// Frees as much memory of the system's cache as a file of this length takes: in a virtual machine its first use can cost more
/// than writing to it.
fn warm(folder: &Path, mib: usize) -> Result<()> {
    let scratch = folder.join("scratch");
    fill(&scratch, mib)?;
    Ok(fs::remove_file(scratch)?)
}

/// The round of something that moves so many MiB.
fn timed(mib: usize, server: Option<&Server>, work: impl FnOnce() -> Result<()>) -> Result<Round> {
    let cpu = || server.map_or(Ok(Duration::ZERO), |server| cpu(&server.process));
    let before = cpu()?;
    let begun = Instant::now();
    work()?;
    Ok(Round {
        operations: mib as u64,
        time: begun.elapsed(),
        percentiles: [Duration::ZERO; 3],
        cpu: [cpu()?.saturating_sub(before), Duration::ZERO],
        writer: Duration::ZERO,
    })
}

fn ratios() -> Vec<Ratio> {
    let ratio = |of, to| Ratio {
        quantity: Quantity::ItemsPerSecond,
        of: Id::new(of, 1),
        to: Id::new(to, 1),
        wanted: Wanted::AtLeast(0.5),
    };
    vec![ratio(UP, WRITE), ratio(DOWN, SERVE)]
}
