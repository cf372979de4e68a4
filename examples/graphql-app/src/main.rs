#![doc = include_str!("../README.md")]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command talks to its user by stdout and stderr"
)]

mod app;
mod check;
mod db;
mod schema;
mod tokenizer;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use lunadefend::{LunaDefend, SecretValue, secrets::InlineSecret};
use lunadefend_crypto::{GeneratedKey, RsaBits};
use secrecy::ExposeSecret;
use std::{net::SocketAddr, process::ExitCode};
use tokio::net::TcpListener;

/// A GraphQL application with `@token` on inputs and outputs, with a tokenizer of its own.
#[derive(Parser)]
#[command(name = "graphql-app")]
struct Cli {
    /// End after a check of everything: exit code 0 when each step went as it must, 1 otherwise.
    #[arg(long)]
    once: bool,
    /// The loopback address to listen on [default: 127.0.0.1:3000, a free port with --once].
    #[arg(long, value_name = "ADDR")]
    addr: Option<SocketAddr>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
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
    let port = if cli.once { 0 } else { 3000 };
    let addr = cli.addr.unwrap_or(([127, 0, 0, 1], port).into());
    ensure!(
        addr.ip().is_loopback(),
        "--addr must be a loopback address: this is an example"
    );
    let listener = TcpListener::bind(addr)
        .await
        .with_context(|| format!("cannot listen on {addr}: choose another address with --addr"))?;
    let app_url = url(&listener)?;
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let tokenizer = TcpListener::bind(("127.0.0.1", 0)).await?;
    let tokenizer_url = url(&tokenizer)?;
    let store = folder.path().join("tokenizer.redb");
    let mut tokenizer = tokenizer::start(tokenizer, &app_url, &store).await?;

    // Yours: `LunaDefend::from_env()`.
    let key = GeneratedKey::generate(RsaBits::Rsa2048)?;
    let key = SecretValue::new(key.pem.expose_secret().as_bytes());
    let luna = LunaDefend::builder(&tokenizer_url)
        .signing_key(InlineSecret::new(key, "the key of this run"))
        .build()
        .await?;
    let router = app::router(luna)?;
    let mut serving = tokio::spawn(async move { axum::serve(listener, router).await });
    println!("application: {app_url} (GraphiQL), {app_url}/graphql");
    println!("tokenizer:   {tokenizer_url}");
    let until = async {
        match cli.once {
            true => check::run(&app_url, &tokenizer_url).await,
            false => Ok(tokio::signal::ctrl_c().await.map(|()| true)?),
        }
    };
    tokio::select! {
        went_well = until => went_well,
        ended = &mut serving => ended?.context("the application ended").map(|()| false),
        ended = &mut tokenizer => ended?.context("the tokenizer ended").map(|()| false),
    }
}

fn url(listener: &TcpListener) -> Result<String> {
    Ok(format!(
        "http://localhost:{}",
        listener.local_addr()?.port()
    ))
}
