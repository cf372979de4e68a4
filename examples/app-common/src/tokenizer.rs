//! A tokenizer in the process of the application, so that one command shows everything. Yours runs by
//! itself: `lunadefend serve`.

use anyhow::{Context, Result};
use lunadefend_http::{BaseUrl, Cleartext, HttpClient};
use lunadefend_jwt::SystemClock;
use lunadefend_tokenizer::{
    AuthProviders, JwksSource, Origin, Tokenizer, TokenizerConfig, VerificationKeys,
};
use lunadefend_vault_redb::open_embedded;
use std::{path::Path, sync::Arc};
use tokio::{net::TcpListener, task::JoinHandle};

/// A running tokenizer, until it is dropped.
pub(crate) struct Embedded {
    pub(crate) url: String,
    task: JoinHandle<std::io::Result<()>>,
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Embedded {
    /// Starts one for the application at `app`, on a free port, with its store at a path.
    pub(crate) async fn start(app: &str, store: &Path) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .context("cannot listen on a free port for the tokenizer")?;
        let url = format!("http://localhost:{}", listener.local_addr()?.port());
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
        let vault = open_embedded(store, None, Arc::new(SystemClock))
            .await?
            .vault;
        let tokenizer = Tokenizer::new(config, vault);
        let serving = lunadefend_tokenizer::serve(listener, tokenizer, std::future::pending());
        Ok(Self {
            url,
            task: tokio::spawn(serving),
        })
    }
}
