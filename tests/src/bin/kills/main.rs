//! The load of `cargo xtask soak --long kills`: everything that a tokenizer does, at processes that share a store and
//! are killed and started again by the program that started this one.
//!
//! Each worker takes what it does from a seed, and each request goes to a process by chance. No request is repeated
//! behind its back, so that of each it is known whether it was acknowledged. It says on its standard output how far it
//! is, and waits for a word:
//!
//! - `ready`: every worker has done a few things;
//! - after `check`, which comes when all processes are up for good, `checked requests=N acknowledged=N unsent=N
//!   unknown=N wrong=N lost=N twice=N values=N grants=N one_time=N transfers=N`: what was asked, what became of it, and
//!   what of it was looked at again. What is wrong, lost or there twice is also said on the standard error.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "that is how it talks to what started it"
)]

mod ledger;
mod processes;
mod worker;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use ledger::Tally;
use processes::Processes;
use std::{
    net::SocketAddr,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::{sync::mpsc, task::JoinSet};
use worker::Worker;

/// Use tokenizers that are killed. Started by `cargo xtask soak --long kills`.
#[derive(Parser)]
#[command(name = "kills")]
struct Cli {
    /// Where browsers find the tokenizers, without a slash at the end.
    #[arg(long, value_name = "URL")]
    public_url: String,
    /// The address of one of the tokenizers, of which there are at least two.
    #[arg(long = "tokenizer", value_name = "ADDR", required = true)]
    tokenizers: Vec<SocketAddr>,
    /// What the workers take their choices from.
    #[arg(long)]
    seed: u64,
    /// How many workers there are, each with one thing to do at a time.
    #[arg(long, default_value_t = 12)]
    workers: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> Result<()> {
    ensure!(
        cli.tokenizers.len() > 1,
        "name more than one tokenizer: one of them may be away"
    );
    let processes = Arc::new(Processes::new(&cli.public_url, &cli.tokenizers).await?);
    let stop = Arc::new(AtomicBool::new(false));
    let (warm, mut warmed) = mpsc::unbounded_channel();
    let mut working = JoinSet::new();
    for number in 0..cli.workers {
        let worker = Worker::new(processes.clone(), cli.seed, number).await?;
        working.spawn(worker.work(stop.clone(), warm.clone()));
    }
    drop(warm);
    for _ in 0..cli.workers {
        warmed.recv().await.context("a worker gave up")?;
    }
    println!("ready");
    wait_for_word("check").await?;

    stop.store(true, Ordering::Relaxed);
    let mut checking = JoinSet::new();
    while let Some(worker) = working.join_next().await {
        let worker = worker??;
        checking.spawn(worker.check());
    }
    let mut sum = Tally::default();
    while let Some(tally) = checking.join_next().await {
        sum += tally??;
    }
    let Tally {
        requests,
        acknowledged,
        unsent,
        unknown,
        wrong,
        lost,
        twice,
        values,
        grants,
        one_time,
        transfers,
    } = sum;
    println!(
        "checked requests={requests} acknowledged={acknowledged} unsent={unsent} unknown={unknown} wrong={wrong} \
         lost={lost} twice={twice} values={values} grants={grants} one_time={one_time} transfers={transfers}"
    );
    Ok(())
}

async fn wait_for_word(word: &'static str) -> Result<()> {
    let read = || std::io::stdin().lines().next().transpose();
    let line = tokio::task::spawn_blocking(read).await??;
    let line = line.context("nobody is there any more")?;
    ensure!(line == word, "expected `{word}`");
    Ok(())
}
