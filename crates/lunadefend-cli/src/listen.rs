//! Binds the listener, and serves until a signal.

use anyhow::{Context, Result};
#[cfg(unix)]
use lunadefend_tokenizer::AdminSocket;
use lunadefend_tokenizer::{Tls, Tokenizer};
use std::{net::SocketAddr, path::Path};
use tokio::net::TcpListener;

pub(crate) async fn bind(addr: SocketAddr, setting: &str) -> Result<TcpListener> {
    TcpListener::bind(addr)
        .await
        .with_context(|| format!("cannot listen on {addr}: choose another address with {setting}"))
}

/// Serves until `stop`, then lets running requests end.
pub(crate) async fn serve(
    listener: TcpListener,
    tls: Option<Tls>,
    tokenizer: Tokenizer,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<()> {
    allow_open_files(tokenizer.limits().open_files());
    let served = match tls {
        Some(tls) => lunadefend_tokenizer::serve_tls(listener, tls, tokenizer, stop).await,
        None => lunadefend_tokenizer::serve(listener, tokenizer, stop).await,
    };
    Ok(served?)
}

/// Opens the admin socket, if one is configured, and serves it while the returned future is polled. Dropping
/// the future removes the file.
#[cfg(unix)]
pub(crate) async fn serve_admin(
    socket: Option<&Path>,
    tokenizer: Tokenizer,
) -> Result<impl Future<Output = ()>> {
    let socket = match socket {
        Some(path) => Some(AdminSocket::bind(path).await?),
        None => None,
    };
    Ok(async move {
        let never = std::future::pending();
        match socket {
            Some(socket) => lunadefend_tokenizer::serve_admin(socket, tokenizer, never).await,
            None => never.await,
        }
    })
}

#[cfg(not(unix))]
pub(crate) async fn serve_admin(
    socket: Option<&Path>,
    _: Tokenizer,
) -> Result<impl Future<Output = ()>> {
    anyhow::ensure!(
        socket.is_none(),
        "there is no admin socket on this system, as it is a Unix socket: unset LUNADEFEND_ADMIN_SOCKET"
    );
    Ok(std::future::pending())
}

/// Opens the address of the metrics, if one is configured, and serves it while the returned future is polled.
pub(crate) async fn serve_metrics(
    addr: Option<SocketAddr>,
    tokenizer: Tokenizer,
) -> Result<impl Future<Output = ()>> {
    let listener = match addr {
        Some(addr) => Some(bind(addr, "LUNADEFEND_METRICS_LISTEN").await?),
        None => None,
    };
    if let Some(listener) = &listener {
        println!("metrics at http://{}/metrics", listener.local_addr()?);
    }
    Ok(async move {
        let never = std::future::pending();
        match listener {
            Some(listener) => {
                lunadefend_tokenizer::serve_metrics(listener, tokenizer, never).await;
            }
            None => never.await,
        }
    })
}

/// Makes the tokenizer drop its key set at each SIGHUP, from now on and while the returned future is polled.
#[cfg(unix)]
pub(crate) fn drop_keys_on_hangup(tokenizer: Tokenizer) -> Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut hangup = signal(SignalKind::hangup()).context("cannot wait for SIGHUP")?;
    Ok(async move {
        while hangup.recv().await.is_some() {
            tokenizer.drop_keys();
        }
        std::future::pending().await
    })
}

#[cfg(not(unix))]
pub(crate) fn drop_keys_on_hangup(_: Tokenizer) -> Result<impl Future<Output = ()>> {
    Ok(std::future::pending())
}

/// Raises the soft limit of open files to the need, as far as the hard one permits. The server takes fewer
/// connections otherwise, and says so.
#[cfg(unix)]
fn allow_open_files(needed: u64) {
    use rustix::process::{Resource, getrlimit, setrlimit};

    let mut limit = getrlimit(Resource::Nofile);
    let possible = limit.maximum.map_or(needed, |hard| hard.min(needed));
    if limit.current.is_some_and(|soft| soft < possible) {
        limit.current = Some(possible);
        let _ = setrlimit(Resource::Nofile, limit);
    }
}

#[cfg(not(unix))]
const fn allow_open_files(_: u64) {}

/// SIGINT and SIGTERM, each counted from the moment that this is made.
#[cfg(unix)]
pub(crate) struct StopSignals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(not(unix))]
pub(crate) struct StopSignals;

/// Listens to the signals that stop a server.
#[cfg(unix)]
pub(crate) fn stop_signals() -> Result<StopSignals> {
    use tokio::signal::unix::{SignalKind, signal};

    Ok(StopSignals {
        interrupt: signal(SignalKind::interrupt()).context("cannot wait for SIGINT")?,
        terminate: signal(SignalKind::terminate()).context("cannot wait for SIGTERM")?,
    })
}

#[cfg(not(unix))]
pub(crate) fn stop_signals() -> Result<StopSignals> {
    Ok(StopSignals)
}

impl StopSignals {
    /// Waits for the next one.
    #[cfg(unix)]
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    #[cfg(not(unix))]
    pub(crate) async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
