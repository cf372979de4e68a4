//! Binding, and serving until told to stop.

use anyhow::{Context, Result};
use lunadefend_tokenizer::{Tokenizer, TokenizerConfig, vault::Vault};
use std::net::SocketAddr;
use tokio::net::TcpListener;

pub(crate) async fn bind(addr: SocketAddr, setting: &str) -> Result<TcpListener> {
    TcpListener::bind(addr)
        .await
        .with_context(|| format!("cannot listen on {addr}: choose another address with {setting}"))
}

/// Serves until SIGINT or SIGTERM, then lets running requests end.
pub(crate) async fn serve(
    listener: TcpListener,
    config: TokenizerConfig,
    vault: Vault,
) -> Result<()> {
    let tokenizer = Tokenizer::new(config, vault);
    Ok(lunadefend_tokenizer::serve(listener, tokenizer, stopped()).await?)
}

async fn stopped() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    if interrupt.await.is_err() {
        std::future::pending::<()>().await;
    }
}
