//! A tokenizer in the process of the application, so that one command shows everything. Yours runs by
//! itself: `lunadefend serve`.

use anyhow::Result;
use lunadefend_http::{BaseUrl, Cleartext, HttpClient};
use lunadefend_jwt::SystemClock;
use lunadefend_tokenizer::{
    AuthProviders, JwksSource, Origin, Tokenizer, TokenizerConfig, VerificationKeys,
};
use lunadefend_vault_redb::open_embedded;
use std::{path::Path, sync::Arc};
use tokio::{net::TcpListener, task::JoinHandle};

/// Starts one for the application at `app`.
pub(crate) async fn start(
    listener: TcpListener,
    app: &str,
    store: &Path,
) -> Result<JoinHandle<std::io::Result<()>>> {
    let url = crate::url(&listener)?;
    let loopback = |url: &str, setting| BaseUrl::parse(url, setting, Cleartext::LoopbackOnly);
    let jwks = loopback(&format!("{app}/.lunasec/jwks.json"), "SESSION_JWKS_URL")?;
    let http = HttpClient::builder().tls(false).build()?;
    let config = TokenizerConfig::builder(
        loopback(&url, "TOKENIZER_URL")?,
        VerificationKeys::Jwks(JwksSource::new(jwks, http)?),
        AuthProviders::parse(app, "AUTH_PROVIDERS", Cleartext::LoopbackOnly)?,
    )
    .application_origin(Origin::parse(app, "APPLICATION_FRONT_END")?)
    .build()?;
    let opened = open_embedded(store, None, Arc::new(SystemClock)).await?;
    let tokenizer = Tokenizer::new(config, opened.vault);
    let serving = lunadefend_tokenizer::serve(listener, tokenizer, std::future::pending());
    Ok(tokio::spawn(serving))
}
