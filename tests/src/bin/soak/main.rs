//! The load of `cargo xtask soak`: many users of one application at once.
//!
//! It says on its standard output how far it is, and twice waits for a word on its standard input, once
//! the program that started it has stopped the tokenizer from answering:
//!
//! - `ready`: every user is logged in and has gone round a few times;
//! - after `fill`, `held N`: that many requests are in flight and none of them is answered, so that the
//!   application has as many connections open as it ever needs;
//! - `warm`: the tokenizer answers again, and everybody has gone on for a while;
//! - `measured requests=N errors=N millis=N`: what was asked since, and every error so far;
//! - after `hold`, `held N`: as before, and nobody will start another request;
//! - `drained answered=N failed=N`: what became of them.
//!
//! With `--idle` every user makes a token at once after `fill`, so that what is in front of the tokenizer has
//! a connection for each, and another one when these have idled for that long: `idled answered=N failed=N`.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "that is how it talks to what started it"
)]

mod idle;
mod load;
mod user;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use load::Load;
use std::{process::ExitCode, sync::Arc, time::Duration};
use tokio::time::{Instant, sleep};

/// What is measured for long is warmed up for long, but not for longer than this.
const LONGEST_WARM_UP: Duration = Duration::from_secs(30);

/// Make many users use an application at once. Started by `cargo xtask soak`.
#[derive(Parser)]
#[command(name = "soak")]
struct Cli {
    /// The application.
    #[arg(long, value_name = "URL")]
    app: String,
    /// The tokenizer.
    #[arg(long, value_name = "URL")]
    tokenizer: String,
    /// How many users there are, each with one request at a time.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u16).range(1..=750))]
    clients: u16,
    /// How long requests are counted, once all is warm.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Ask twice with so many milliseconds in between, in place of everything else.
    #[arg(long, value_name = "MILLIS")]
    idle: Option<u64>,
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
    let measured = Duration::from_secs(cli.seconds);
    let load = Arc::new(Load::new(cli.clients.into()));
    let users = user::let_in(&load, &cli.app, &cli.tokenizer).await?;
    if let Some(millis) = cli.idle {
        println!("ready");
        wait_for_word("fill").await?;
        return idle::ask_twice(&load, users, Duration::from_millis(millis)).await;
    }
    let mut users = user::start(&load, users);
    load.until_all_go_round().await?;
    println!("ready");
    wait_for_word("fill").await?;
    println!("held {}", load.until_held().await?);
    load.until_all_go_on().await?;
    sleep(LONGEST_WARM_UP.min(measured)).await;
    println!("warm");

    let (started, before) = (Instant::now(), load.count());
    sleep(measured).await;
    let after = load.count();
    println!(
        "measured requests={} errors={} millis={}",
        after.requests - before.requests,
        after.errors,
        started.elapsed().as_millis()
    );

    wait_for_word("hold").await?;
    let in_flight = load.until_held().await?;
    let held = load.count();
    load.finish();
    println!("held {in_flight}");
    while users.join_next().await.transpose()?.is_some() {}
    let drained = load.count();
    println!(
        "drained answered={} failed={}",
        drained.requests - held.requests,
        drained.errors - held.errors
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
