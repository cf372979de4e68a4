#![doc = include_str!("../README.md")]
#![expect(clippy::print_stdout, reason = "it tells its user where it is")]

mod app;
mod body;
mod browser;
mod cookie_session;
mod error;
mod failure;
mod guard;
mod model;
mod pages;
mod session;
mod site;
mod users;

use actix_web::{App, HttpServer, cookie::Key, middleware::from_fn};
use anyhow::{Context, Result, ensure};
use lunadefend::{
    LunaDefend,
    secrets::{Environment, ProcessEnvironment},
};
use std::{
    net::{SocketAddr, TcpListener},
    time::Duration,
};
use tracing_subscriber::EnvFilter;
use users::Users;

#[tokio::main]
async fn main() -> Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let luna = LunaDefend::from_env().await?;
    let database = setting("DATABASE_URL", "sqlite::memory:")?;
    let users = Users::open(&database)
        .await
        .context("cannot open the database")?;
    let routes = app::routes(luna, users);
    // One key for all workers: each of them must read the cookies of the others.
    let key = Key::try_generate().context("no random bytes for a key")?;
    // It stops on SIGTERM, when all requests have their response, and on Ctrl-C.
    HttpServer::new(move || {
        App::new()
            .wrap(session::middleware(key.clone()))
            .wrap(from_fn(guard::guard))
            .configure(routes.clone())
    })
    // Longer than a client or a proxy in front keeps an idle connection: the side that closes first must be
    // the one that sends, or a request can meet a connection that is just being closed.
    .keep_alive(Duration::from_secs(75))
    .listen(listen()?)?
    .run()
    .await?;
    Ok(())
}

/// Listens at APP_ADDR: on loopback, as this example's log-in trusts every name.
fn listen() -> Result<TcpListener> {
    let addr: SocketAddr = setting("APP_ADDR", "127.0.0.1:3000")?.parse()?;
    ensure!(
        addr.ip().is_loopback(),
        "APP_ADDR must be a loopback address: this is an example"
    );
    let listener = TcpListener::bind(addr).with_context(|| {
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
