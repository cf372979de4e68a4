//! The life of a token in one command: starts a tokenizer and the application `axum-app` on loopback, walks two users
//! through it over real HTTP, and leaves it to you and your browser. See the README of the repository.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command talks to its user by stdout and stderr"
)]

mod servers;
mod tour;

use anyhow::Result;
use clap::Parser;
use servers::{Options, Running};
use std::{net::SocketAddr, path::PathBuf, process::ExitCode};
use tour::Tour;

/// See a value travel: a tokenizer, an application and two users.
///
/// LUNASEC_SIGNING_KEY is used when it is set; otherwise a key is made for this run. With TOKENIZER_URL
/// set that tokenizer is used and none is started: fix --app-addr, so that it can be told
/// SESSION_JWKS_URL, AUTH_PROVIDERS and APPLICATION_FRONT_END.
#[derive(Parser)]
#[command(name = "quickstart")]
struct Cli {
    /// End after the steps: exit code 0 when each went as it must, 1 otherwise.
    #[arg(long, conflicts_with = "serve")]
    once: bool,
    /// Serve only, without the steps.
    #[arg(long)]
    serve: bool,
    /// Where the application listens [default: a free loopback port].
    #[arg(long, value_name = "ADDR")]
    app_addr: Option<SocketAddr>,
    /// Where the tokenizer listens [default: a free loopback port].
    #[arg(long, value_name = "ADDR")]
    tokenizer_addr: Option<SocketAddr>,
    /// Keep the tokenizer's store in this file [default: in memory].
    #[arg(long, value_name = "PATH")]
    store: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = tracing_subscriber::EnvFilter::from_default_env();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    match run(cli).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> Result<bool> {
    let running = Running::start(Options {
        app_addr: cli.app_addr,
        tokenizer_addr: cli.tokenizer_addr,
        store: cli.store,
    })
    .await?;
    println!("application: {}", running.app);
    println!("tokenizer:   {}\n", running.tokenizer);

    let went_well = if cli.serve {
        true
    } else {
        Tour::new(&running).run().await?
    };
    if cli.once {
        println!(
            "\n{}",
            if went_well {
                "every step went as it must"
            } else {
                "a step did not go as it must"
            }
        );
    } else {
        try_yourself(&running);
        running.until_interrupted().await?;
    }
    Ok(went_well)
}

fn try_yourself(running: &Running) {
    println!("\nNow you, in a browser; both servers stay up until Ctrl-C:\n");
    println!("  open {}\n", running.app);
    println!(
        "Log in by any name and store a number, a card and a photo. The application never has them."
    );
    println!("Then log in as `support`: it may open your row, and reads nothing.");
}
