//! Our tokenizer as a library, in a process whose allocations are counted.

use super::upkeep;
use anyhow::{Context, Result};
use lunadefend_core::GrantDuration;
use lunadefend_crypto::PublicKey;
use lunadefend_http::{BaseUrl, Cleartext};
use lunadefend_jwt::SystemClock;
use lunadefend_tokenizer::{
    AuthProviders, GrantDurations, Limits, Tokenizer, TokenizerConfig, VerificationKeys, serve,
};
use lunadefend_vault_redb::open_embedded;
use std::{future::pending, path::Path, sync::Arc, time::Duration};
use tokio::{net::TcpListener, sync::mpsc::UnboundedReceiver};

/// Serves as `lunadefend serve` does with the settings of the bench.
pub(super) async fn run(
    listener: TcpListener,
    store: &Path,
    key: &str,
    lines: UnboundedReceiver<String>,
    say: fn(&str),
) -> Result<()> {
    let url = format!("http://localhost:{}", listener.local_addr()?.port());
    let public_url = BaseUrl::parse(&url, "TOKENIZER_URL", Cleartext::LoopbackOnly)?;
    let app = "http://localhost:3000";
    let providers = AuthProviders::parse(app, "AUTH_PROVIDERS", Cleartext::LoopbackOnly)?;
    let key = PublicKey::parse(key.as_bytes(), "the key of the bench")?;
    let mut limits = Limits::default();
    limits.max_connections = 8192;
    limits.max_value = Limits::MAX_VALUE;
    limits.session_bytes = Limits::MAX_VALUE;
    limits.session_requests = None;
    limits.session_reads = None;
    limits.reads = None;
    limits.refusals = None;
    let hour = GrantDuration::new(Duration::from_secs(60 * 60))?;
    let config = TokenizerConfig::builder(public_url, VerificationKeys::Public(key), providers)
        .limits(limits)
        .grant_durations(GrantDurations::new(hour, hour)?)
        .build()?;
    let vault = open_embedded(store, None, Arc::new(SystemClock))
        .await?
        .vault;
    let folder = store.parent().context("the store is in no folder")?;
    let upkeep = upkeep::run(vault.clone(), folder.to_owned(), lines, say);
    tokio::spawn(async move {
        if let Err(error) = upkeep.await {
            say(&format!("failed {error:#}"));
        }
    });
    Ok(serve(listener, Tokenizer::new(config, vault), pending()).await?)
}
