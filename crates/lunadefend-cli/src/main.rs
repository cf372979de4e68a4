#![doc = include_str!("../README.md")]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command talks to its user by stdout and stderr"
)]

mod admin;
mod audit;
mod audit_log;
mod backup;
mod config;
mod dev;
mod doctor;
mod drain;
mod keygen;
mod keys;
mod listen;
mod log;
#[cfg(unix)]
mod notify;
mod restore;
mod roots;
mod serve;
mod session;
mod settings;
mod status;
mod store;
mod stores;
mod tls;
mod token;
mod version;
#[cfg(unix)]
mod watchdog;
mod words;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// A request allocates about eighty times. This allocator costs it a third of what the C library's does.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// LunaDefend's Dedicated Tokenizer: keeps sensitive values out of your application.
#[derive(Parser)]
#[command(name = "lunadefend", version = version::VERSION.as_str())]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Serve(serve::Serve),
    Dev(dev::Dev),
    Keygen(keygen::Keygen),
    Doctor(doctor::Doctor),
    Config(config::Config),
    Keys(keys::Keys),
    Status(status::Status),
    Token(token::Token),
    Session(session::Session),
    Store(store::Store),
    Backup(backup::Backup),
    Restore(restore::Restore),
    Audit(audit::Audit),
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let failure = match cli.command {
        Command::Status(_) => ExitCode::from(status::NO_ANSWER),
        _ => ExitCode::FAILURE,
    };
    let logging = log::to_stderr();
    let outcome = match cli.command {
        _ if logging.is_err() => logging.map(|()| failure),
        Command::Serve(serve) => serve.run().await.map(|()| ExitCode::SUCCESS),
        Command::Dev(dev) => dev.run().await.map(|()| ExitCode::SUCCESS),
        Command::Keygen(keygen) => keygen.run().map(|()| ExitCode::SUCCESS),
        Command::Doctor(doctor) => doctor.run().await.map(checked),
        Command::Config(config) => config.run().await.map(checked),
        Command::Status(status) => status.run().await,
        Command::Token(token) => token.run().await.map(|()| ExitCode::SUCCESS),
        Command::Session(session) => session.run().await.map(|()| ExitCode::SUCCESS),
        Command::Keys(keys) => keys.run().await.map(|()| ExitCode::SUCCESS),
        Command::Store(store) => store.run().await.map(checked),
        Command::Backup(backup) => backup.run().await.map(|()| ExitCode::SUCCESS),
        Command::Restore(restore) => restore.run().await.map(|()| ExitCode::SUCCESS),
        Command::Audit(audit) => audit.run().await.map(checked),
    };
    outcome.unwrap_or_else(|error| {
        // The whole chain, each cause once: what is wrong and what to do.
        eprintln!("error: {error:#}");
        failure
    })
}

/// Returns the exit code of a command that has printed what is wrong.
const fn checked(well: bool) -> ExitCode {
    match well {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
