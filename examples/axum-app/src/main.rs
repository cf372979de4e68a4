//! Starts the application.

#![expect(clippy::print_stdout, reason = "it tells its user where it is")]

mod stop;

use anyhow::{Context, Result, ensure};
use lunadefend::{
    LunaDefend,
    secrets::{Environment, ProcessEnvironment},
};
use std::net::SocketAddr;
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let stop = stop::on_signals()?;
    let luna = LunaDefend::from_env().await?;
    let database = setting("DATABASE_URL", "sqlite::memory:")?;
    let application = axum_app::application(luna, &database)
        .await
        .context("cannot open the database")?;
    let serving =
        axum::serve(listen().await?, application).with_graceful_shutdown(stop.clone().requested());
    tokio::select! {
        served = serving => Ok(served?),
        () = stop.overdue() => anyhow::bail!("requests were cut off: they did not come to an end"),
    }
}

/// Listens at APP_ADDR: on loopback, as this example's log-in trusts every name.
async fn listen() -> Result<TcpListener> {
    let addr: SocketAddr = setting("APP_ADDR", "127.0.0.1:3000")?.parse()?;
    ensure!(
        addr.ip().is_loopback(),
        "APP_ADDR must be a loopback address: this is an example"
    );
    let listener = TcpListener::bind(addr).await.with_context(|| {
        format!("cannot listen on {addr}: choose another address with APP_ADDR")
    })?;
    println!(
        "application: http://localhost:{}",
        listener.local_addr()?.port()
    );
    Ok(listener)
}

fn setting(name: &str, default: &str) -> Result<String> {
    match ProcessEnvironment.get(name) {
        Some(value) => Ok(std::str::from_utf8(value.expose_secret())?.to_owned()),
        None => Ok(default.to_owned()),
    }
}
