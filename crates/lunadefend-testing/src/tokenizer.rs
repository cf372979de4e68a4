//! A tokenizer in the test's process, on a free loopback port, with its store in memory.
//!
//! The application needs the tokenizer's URL, and the tokenizer needs the application's. So bind the
//! tokenizer first, and let it serve once the application has its address:
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

/// Why a tokenizer cannot start.
#[derive(Debug, thiserror::Error)]
#[error("the tokenizer of the test cannot start")]
pub struct StartError(#[source] Box<dyn Error + Send + Sync>);

fn cannot_start(cause: impl Into<Box<dyn Error + Send + Sync>>) -> StartError {
    StartError(cause.into())
}

/// A tokenizer that has its URL and does not respond yet.
#[derive(Debug)]
pub struct BoundTokenizer {
    listener: TcpListener,
    address: SocketAddr,
    url: String,
}

impl BoundTokenizer {
    /// Binds a free loopback port.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn bind() -> Result<Self, StartError> {
        Self::on((Ipv4Addr::LOCALHOST, 0).into()).await
    }

    /// Binds an address.
    ///
    /// # Errors
    /// When the address is already in use.
    pub async fn on(address: SocketAddr) -> Result<Self, StartError> {
        let listener = TcpListener::bind(address).await.map_err(cannot_start)?;
        let address = listener.local_addr().map_err(cannot_start)?;
        Ok(Self {
            listener,
            address,
            url: url_of(address),
        })
    }

    /// Returns the bound address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the tokenizer's URL, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Starts to serve the application at `app`, a loopback URL without a slash at the end. Grants, sessions
    /// and tokens expire by the test's clock. Give the application the same clock.
    ///
    /// # Errors
    /// When `app` is not such a URL.
    pub async fn serve(self, app: &str, clock: &TestClock) -> Result<RunningTokenizer, StartError> {
        let vault = vault_in_memory(Arc::new(clock.clone())).await?;
        let config = self.config(app)?;
        self.serve_with(config, vault, Arc::new(TestTimer(clock.clone())))
    }

    /// Starts to serve by the system's clock, for an application in another process.
    ///
    /// # Errors
    /// When `app` is not a loopback URL.
    pub async fn serve_in_real_time(self, app: &str) -> Result<RunningTokenizer, StartError> {
        let vault = vault_in_memory(Arc::new(SystemClock)).await?;
        let config = self.config(app)?;
        self.serve_with(config, vault, Arc::new(SystemTimer::default()))
    }

    /// Returns the configuration that [`serve`](Self::serve) uses for an application, so that a test can
    /// change it.
    ///
    /// # Errors
    /// When `app` is not a loopback URL.
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

    /// Starts to serve with the test's own configuration, vault and timer.
    ///
    /// # Errors
    /// When the configuration is invalid.
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

/// Returns the URL that browsers should use for a server at this loopback address. It has the name
/// `localhost`, if that name resolves to the address. Cookies of `127.0.0.1` are not sent to `localhost`, so
/// an application and its tokenizer need the same name.
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

/// A timer on the test's clock. A wait takes no real time: it moves the clock.
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

/// A running tokenizer. It stops when it is dropped.
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
    /// Returns the address that the tokenizer listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the tokenizer's URL, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the tokenizer's vault.
    #[must_use]
    pub fn vault(&self) -> &Vault {
        &self.vault
    }

    /// Waits until the tokenizer stops by itself, which happens only when it fails.
    ///
    /// # Errors
    /// The failure.
    pub async fn failed(&mut self) -> io::Result<()> {
        (&mut self.task).await?
    }
}

impl Drop for RunningTokenizer {
    fn drop(&mut self) {
        self.task.abort();
    }
}
