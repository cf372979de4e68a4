//! A tokenizer in the process of the test, on a free port of loopback, with its store in memory.
//!
//! An application is configured with the tokenizer's URL, and the tokenizer with the application's. So a tokenizer
//! is bound first, and answers when the application is there:
//!
//! ```no_run
//! # async fn test() -> Result<(), Box<dyn std::error::Error>> {
//! use lunadefend_testing::{TestClock, tokenizer::BoundTokenizer};
//!
//! let clock = TestClock::new();
//! let tokenizer = BoundTokenizer::bind().await?;
//! // Build the application with `LunaDefend::builder(tokenizer.url()).clock(clock.clone())`, and serve it at:
//! let app = "http://localhost:3000";
//! let tokenizer = tokenizer.serve(app, &clock).await?;
//! # Ok(())
//! # }
//! ```

use crate::TestClock;
use lunadefend_core::provider::{BoxFuture, Clock};
use lunadefend_http::{BaseUrl, Cleartext, HttpClient};
use lunadefend_jwt::SystemClock;
use lunadefend_tokenizer::{
    AuthProviders, JwksSource, Origin, Tokenizer, TokenizerConfig, TokenizerConfigBuilder,
    VerificationKeys, serve,
};
use lunadefend_vault::{MasterKey, SystemTimer, Timer, Vault, store::MemoryStore};
use std::{
    error::Error,
    fmt, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::{net::TcpListener, task::JoinHandle};

/// A tokenizer cannot start.
#[derive(Debug, thiserror::Error)]
#[error("the tokenizer of the test cannot start")]
pub struct StartError(#[source] Box<dyn Error + Send + Sync>);

fn cannot_start(cause: impl Into<Box<dyn Error + Send + Sync>>) -> StartError {
    StartError(cause.into())
}

/// A tokenizer that has its URL and does not answer yet.
#[derive(Debug)]
pub struct BoundTokenizer {
    listener: TcpListener,
    address: SocketAddr,
    url: String,
}

impl BoundTokenizer {
    /// Takes a free port of loopback.
    ///
    /// # Errors
    /// When there is none.
    pub async fn bind() -> Result<Self, StartError> {
        Self::on((Ipv4Addr::LOCALHOST, 0).into()).await
    }

    /// Takes an address.
    ///
    /// # Errors
    /// When somebody has it already.
    pub async fn on(address: SocketAddr) -> Result<Self, StartError> {
        let listener = TcpListener::bind(address).await.map_err(cannot_start)?;
        let address = listener.local_addr().map_err(cannot_start)?;
        Ok(Self {
            listener,
            address,
            url: url_of(address),
        })
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Starts to answer for the application at `app`, a URL of loopback without a slash at the end. Grants,
    /// sessions and tokens live by the test's clock, which is to be the application's too.
    ///
    /// # Errors
    /// When `app` is no such URL.
    pub async fn serve(self, app: &str, clock: &TestClock) -> Result<RunningTokenizer, StartError> {
        let vault = vault_in_memory(Arc::new(clock.clone())).await?;
        let config = self.config(app)?;
        self.serve_with(config, vault, Arc::new(TestTimer(clock.clone())))
    }

    /// Starts to answer by the clock of the system: for an application that is another process.
    ///
    /// # Errors
    /// When `app` is no URL of loopback.
    pub async fn serve_in_real_time(self, app: &str) -> Result<RunningTokenizer, StartError> {
        let vault = vault_in_memory(Arc::new(SystemClock)).await?;
        let config = self.config(app)?;
        self.serve_with(config, vault, Arc::new(SystemTimer::default()))
    }

    /// The configuration with which [`serve`](Self::serve) answers for an application, to be changed.
    ///
    /// # Errors
    /// When `app` is no URL of loopback.
    pub fn config(&self, app: &str) -> Result<TokenizerConfigBuilder, StartError> {
        let loopback = |url: &str, setting| {
            BaseUrl::parse(url, setting, Cleartext::LoopbackOnly).map_err(cannot_start)
        };
        let jwks = loopback(&format!("{app}/.lunasec/jwks.json"), "SESSION_JWKS_URL")?;
        let http = HttpClient::builder().tls(false).build();
        let jwks = JwksSource::new(jwks, http.map_err(cannot_start)?).map_err(cannot_start)?;
        let providers = AuthProviders::parse(app, "AUTH_PROVIDERS", Cleartext::LoopbackOnly);
        let origin = Origin::parse(app, "APPLICATION_FRONT_END").map_err(cannot_start)?;
        Ok(TokenizerConfig::builder(
            loopback(&self.url, "TOKENIZER_URL")?,
            VerificationKeys::Jwks(jwks),
            providers.map_err(cannot_start)?,
        )
        .application_origin(origin))
    }

    /// Starts to answer with a configuration, a vault and a timer of the test's own.
    ///
    /// # Errors
    /// When the configuration is not valid.
    pub fn serve_with(
        self,
        config: TokenizerConfigBuilder,
        vault: Vault,
        timer: Arc<dyn Timer>,
    ) -> Result<RunningTokenizer, StartError> {
        let config = config.build().map_err(cannot_start)?;
        let tokenizer = Tokenizer::with_timer(config, vault.clone(), timer);
        Ok(RunningTokenizer {
            address: self.address,
            url: self.url,
            vault,
            task: tokio::spawn(serve(self.listener, tokenizer, std::future::pending())),
        })
    }
}

/// The URL by which browsers are to know a server at this address of loopback: by the name `localhost`, if that
/// leads there. Cookies of `127.0.0.1` are not those of `localhost`, so an application and its tokenizer need one
/// name.
#[must_use]
pub fn url_of(address: SocketAddr) -> String {
    match address.ip() {
        IpAddr::V4(Ipv4Addr::LOCALHOST) | IpAddr::V6(Ipv6Addr::LOCALHOST) => {
            format!("http://localhost:{}", address.port())
        }
        _ => format!("http://{address}"),
    }
}

async fn vault_in_memory(clock: Arc<dyn Clock>) -> Result<Vault, StartError> {
    let (master, _) = MasterKey::generate().map_err(cannot_start)?;
    let vault = Vault::open(Arc::new(MemoryStore::default()), &master, clock).await;
    vault.map_err(cannot_start)
}

/// A timer by the test's clock: waiting takes no time, the clock is moved instead.
#[derive(Debug)]
pub struct TestTimer(pub TestClock);

impl Timer for TestTimer {
    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.0.unix_millis().get())
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        self.0.advance(duration);
        Box::pin(std::future::ready(()))
    }
}

/// A tokenizer that answers, until it is dropped.
pub struct RunningTokenizer {
    address: SocketAddr,
    url: String,
    vault: Vault,
    task: JoinHandle<io::Result<()>>,
}

impl fmt::Debug for RunningTokenizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunningTokenizer")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

impl RunningTokenizer {
    /// Its address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What it keeps.
    #[must_use]
    pub fn vault(&self) -> &Vault {
        &self.vault
    }

    /// Waits until it ends by itself, which it does only when it fails.
    ///
    /// # Errors
    /// Why it failed.
    pub async fn failed(&mut self) -> io::Result<()> {
        (&mut self.task).await?
    }
}

impl Drop for RunningTokenizer {
    fn drop(&mut self) {
        self.task.abort();
    }
}
