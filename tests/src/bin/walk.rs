//! Walks through an example application that is running: for `cargo xtask soak`.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command talks to its user by stdout and stderr"
)]

use clap::Parser;
use lunadefend_tests::walk::Walk;
use std::process::ExitCode;

/// Walk through an application as its users do: exit code 0 when each step went as it must, 1 otherwise.
#[derive(Parser)]
#[command(name = "walk")]
struct Cli {
    /// The application.
    #[arg(long, value_name = "URL")]
    app: String,
    /// The tokenizer.
    #[arg(long, value_name = "URL")]
    tokenizer: String,
    /// The application is `graphql-app`.
    #[arg(long)]
    graphql: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let walk = match cli.graphql {
        true => Walk::GraphQl,
        false => Walk::Profiles,
    };
    match walk.through(&cli.app, &cli.tokenizer).await {
        Ok(report) if report.went_well() => {
            println!("\nevery step went as it must");
            ExitCode::SUCCESS
        }
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
