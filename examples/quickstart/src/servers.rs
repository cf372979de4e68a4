//! Starting the tokenizer and the application.

use crate::app;
use anyhow::{Context, Result, ensure};
use lunadefend::{
    LunaDefend, SecretProvider, SecretValue,
    secrets::{Environment, EnvironmentSecret, InlineSecret, ProcessEnvironment},
};
use lunadefend_crypto::{GeneratedKey, RsaBits};
use lunadefend_http::{BaseUrl, Cleartext, HttpClient};
use lunadefend_jwt::SystemClock;
use lunadefend_tokenizer::{
    AuthProviders, JwksSource, Origin, Tokenizer, TokenizerConfig, VerificationKeys,
};
use lunadefend_vault_redb::open_embedded;
use secrecy::ExposeSecret;
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
};
use tempfile::TempDir;
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
    /// None when the tokenizer is somebody else's.
    own_tokenizer: Option<OwnTokenizer>,
}

struct OwnTokenizer {
    task: JoinHandle<std::io::Result<()>>,
    _temporary: Option<TempDir>,
}

impl Running {
    pub(crate) async fn start(options: Options) -> Result<Self> {
        // Before anything listens: a wrong key ends the start at once.
        let key = signing_key().await?;
        let app = bind(options.app_addr, "--app-addr").await?;
        let app_url = url(&app)?;
        let (tokenizer_url, own_tokenizer) = match external_tokenizer()? {
            Some(url) => {
                ensure!(
                    options.tokenizer_addr.is_none() && options.store.is_none(),
                    "{TOKENIZER_URL} is set, so no tokenizer is started: leave out --tokenizer-addr and --store"
                );
                (url, None)
            }
            None => {
                let listener = bind(options.tokenizer_addr, "--tokenizer-addr").await?;
                (
                    url(&listener)?,
                    Some(start_tokenizer(listener, &app_url, options.store).await?),
                )
            }
        };
        let luna = LunaDefend::builder(&tokenizer_url)
            .signing_key(key)
            .build()
            .await?;
        let app_task = tokio::spawn(async move { axum::serve(app, app::router(luna)).await });
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
                Some(own) => own.task.await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => Ok(interrupted?),
            ended = self.app_task => ended?.context("the application ended"),
            ended = tokenizer => ended?.context("the tokenizer ended"),
        }
    }
}

/// The key of the environment when there is one, otherwise a new one.
async fn signing_key() -> Result<Arc<dyn SecretProvider>> {
    if variable(SIGNING_KEY).is_some() {
        return Ok(Arc::new(EnvironmentSecret::new(SIGNING_KEY)));
    }
    let generated = GeneratedKey::generate(RsaBits::Rsa2048)?;
    let pem = SecretValue::new(generated.pem.expose_secret().as_bytes());
    Ok(Arc::new(InlineSecret::new(pem, "the key of this run")))
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

async fn bind(addr: Option<SocketAddr>, option: &str) -> Result<TcpListener> {
    let addr = addr.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)));
    ensure!(
        addr.ip().is_loopback(),
        "{option} must be a loopback address: this is an example"
    );
    TcpListener::bind(addr)
        .await
        .with_context(|| format!("cannot listen on {addr}: choose another address with {option}"))
}

/// The address as everything here spells it: cookies of `127.0.0.1` are not those of `localhost`.
fn url(listener: &TcpListener) -> Result<String> {
    let addr = listener.local_addr()?;
    Ok(match addr.ip() {
        IpAddr::V4(Ipv4Addr::LOCALHOST) | IpAddr::V6(Ipv6Addr::LOCALHOST) => {
            format!("http://localhost:{}", addr.port())
        }
        _ => format!("http://{addr}"),
    })
}

async fn start_tokenizer(
    listener: TcpListener,
    app_url: &str,
    store: Option<PathBuf>,
) -> Result<OwnTokenizer> {
    let loopback = |text: &str, setting| BaseUrl::parse(text, setting, Cleartext::LoopbackOnly);
    let jwks = loopback(&format!("{app_url}/.lunasec/jwks.json"), "SESSION_JWKS_URL")?;
    let http = HttpClient::builder().tls(false).build()?;
    let config = TokenizerConfig::builder(
        loopback(&url(&listener)?, TOKENIZER_URL)?,
        VerificationKeys::Jwks(JwksSource::new(jwks, http)?),
        AuthProviders::parse(app_url, "AUTH_PROVIDERS", Cleartext::LoopbackOnly)?,
    )
    .application_origin(Origin::parse(app_url, "APPLICATION_FRONT_END")?)
    .build()?;

    let (store, temporary) = match store {
        Some(path) => (path, None),
        None => {
            let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
            (folder.path().join("quickstart.redb"), Some(folder))
        }
    };
    let opened = open_embedded(&store, None, Arc::new(SystemClock)).await?;
    let tokenizer = Tokenizer::new(config, opened.vault);
    let task = tokio::spawn(lunadefend_tokenizer::serve(
        listener,
        tokenizer,
        std::future::pending(),
    ));
    Ok(OwnTokenizer {
        task,
        _temporary: temporary,
    })
}
