//! Starting the tokenizer and the application.

use anyhow::{Context, Result, ensure};
use lunadefend::{
    LunaDefend,
    provider::{SecretProvider, SecretValue},
    secrets::{Environment, EnvironmentSecret, ProcessEnvironment},
};
use lunadefend_http::{BaseUrl, Cleartext};
use lunadefend_jwt::SystemClock;
use lunadefend_testing::{
    TestKey,
    tokenizer::{BoundTokenizer, RunningTokenizer, url_of},
};
use lunadefend_vault::SystemTimer;
use lunadefend_vault_redb::open_embedded;
use std::{net::SocketAddr, path::PathBuf, sync::Arc};
use tokio::{net::TcpListener, task::JoinHandle};

const SIGNING_KEY: &str = "LUNASEC_SIGNING_KEY";
const TOKENIZER_URL: &str = "TOKENIZER_URL";

pub(crate) struct Options {
    pub(crate) app_addr: Option<SocketAddr>,
    pub(crate) tokenizer_addr: Option<SocketAddr>,
    pub(crate) store: Option<PathBuf>,
}

/// Both servers, until it is dropped.
pub(crate) struct Running {
    pub(crate) app: String,
    pub(crate) tokenizer: String,
    app_task: JoinHandle<std::io::Result<()>>,
    /// `None` when TOKENIZER_URL names another one.
    own_tokenizer: Option<RunningTokenizer>,
}

impl Running {
    pub(crate) async fn start(options: Options) -> Result<Self> {
        // Before anything listens: a wrong key ends the start at once.
        let key = signing_key().await?;
        let app = bind(options.app_addr).await?;
        let app_url = url_of(app.local_addr()?);
        let (tokenizer_url, own_tokenizer) = match external_tokenizer()? {
            Some(url) => {
                ensure!(
                    options.tokenizer_addr.is_none() && options.store.is_none(),
                    "{TOKENIZER_URL} is set, so no tokenizer is started: leave out --tokenizer-addr and --store"
                );
                (url, None)
            }
            None => {
                let tokenizer = start_tokenizer(&app_url, options).await?;
                (tokenizer.url().to_owned(), Some(tokenizer))
            }
        };
        let luna = LunaDefend::builder(&tokenizer_url)
            .signing_key(key)
            .build()
            .await?;
        let router = axum_app::application(luna, "sqlite::memory:").await?;
        let app_task = tokio::spawn(async move { axum::serve(app, router).await });
        Ok(Self {
            app: app_url,
            tokenizer: tokenizer_url,
            app_task,
            own_tokenizer,
        })
    }

    /// Waits for Ctrl-C, or for a server to fail.
    pub(crate) async fn until_interrupted(self) -> Result<()> {
        let tokenizer = async {
            match self.own_tokenizer {
                Some(mut own) => own.failed().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => Ok(interrupted?),
            ended = self.app_task => ended?.context("the application ended"),
            ended = tokenizer => ended.context("the tokenizer ended"),
        }
    }
}

/// The key of the environment when there is one, otherwise a new one.
async fn signing_key() -> Result<Arc<dyn SecretProvider>> {
    if variable(SIGNING_KEY).is_some() {
        return Ok(Arc::new(EnvironmentSecret::new(SIGNING_KEY)));
    }
    Ok(Arc::new(TestKey::generate()))
}

/// A variable of the process; an empty one counts as not set, as for LunaDefend.
fn variable(name: &str) -> Option<SecretValue> {
    let value = ProcessEnvironment.get(name);
    value.filter(|value| !value.expose_secret().trim_ascii().is_empty())
}

fn external_tokenizer() -> Result<Option<String>> {
    let Some(text) = variable(TOKENIZER_URL) else {
        return Ok(None);
    };
    let text = std::str::from_utf8(text.expose_secret()).context("TOKENIZER_URL is not UTF-8")?;
    let url = BaseUrl::parse(text.trim(), TOKENIZER_URL, Cleartext::LoopbackOnly)?;
    Ok(Some(url.as_str().trim_end_matches('/').to_owned()))
}

fn loopback(addr: Option<SocketAddr>, option: &str) -> Result<SocketAddr> {
    let addr = addr.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)));
    ensure!(
        addr.ip().is_loopback(),
        "{option} must be a loopback address: this is an example"
    );
    Ok(addr)
}

async fn bind(addr: Option<SocketAddr>) -> Result<TcpListener> {
    let addr = loopback(addr, "--app-addr")?;
    TcpListener::bind(addr)
        .await
        .with_context(|| format!("cannot listen on {addr}: choose another address with --app-addr"))
}

/// Yours runs by itself: `lunadefend serve`.
async fn start_tokenizer(app: &str, options: Options) -> Result<RunningTokenizer> {
    let addr = loopback(options.tokenizer_addr, "--tokenizer-addr")?;
    let bound = BoundTokenizer::on(addr).await.with_context(|| {
        format!("cannot listen on {addr}: choose another address with --tokenizer-addr")
    })?;
    let Some(store) = options.store else {
        return Ok(bound.serve_in_real_time(app).await?);
    };
    let config = bound.config(app)?;
    let opened = open_embedded(&store, None, Arc::new(SystemClock)).await?;
    Ok(bound.serve_with(config, opened.vault, Arc::new(SystemTimer::default()))?)
}
