//! Settings of a client, validated once.

use crate::{
    Client, KeyService, SessionIds, SigningKeys, answer::Routes, client::Inner,
    discovery::Discovery, grants::Queues, trace::Traces, transport::Transport,
};
use lunadefend_core::provider::{Clock, SettingError, TraceParent};
use lunadefend_http::{BaseUrl, HttpClient, HttpError};
use lunadefend_jwt::{JwtProfile, SystemClock};
use std::{fmt, sync::Arc, time::Duration};
use tokio::sync::Semaphore;

/// Why a client cannot be built. Its text names the setting.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A setting is out of its range, or conflicts with the custom HTTP client. The text names the builder's
    /// method.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The HTTP client cannot be set up.
    #[error(transparent)]
    Http(#[from] HttpError),
}

/// Prints the same as `Display`, with the causes, for a `main` that returns the error.
impl fmt::Debug for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        lunadefend_core::provider::fmt_with_causes(self, f)
    }
}

/// The builder of a [`Client`].
#[must_use = "a builder does nothing until it is built"]
pub struct ClientBuilder {
    tokenizer: BaseUrl,
    public_tokenizer: Option<BaseUrl>,
    blob_origins: Vec<BaseUrl>,
    keys: SigningKeys,
    jwt_profile: JwtProfile,
    session_ids: SessionIds,
    clock: Arc<dyn Clock>,
    http: Option<HttpClient>,
    deadline: Duration,
    connect_timeout: Duration,
    max_retries: u32,
    max_in_flight: usize,
    max_connections: usize,
    max_value_len: usize,
    max_stream_len: u64,
    stall_timeout: Duration,
    require_level: u64,
    traces: Traces,
}

impl ClientBuilder {
    pub(crate) fn new(tokenizer: BaseUrl, keys: SigningKeys) -> Self {
        Self {
            tokenizer,
            public_tokenizer: None,
            blob_origins: Vec::new(),
            keys,
            jwt_profile: JwtProfile::default(),
            session_ids: SessionIds::default(),
            clock: Arc::new(SystemClock),
            http: None,
            deadline: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(2),
            max_retries: 5,
            max_in_flight: 64,
            max_connections: 256,
            max_value_len: 64 * 1024 * 1024,
            max_stream_len: 1024 * 1024 * 1024,
            stall_timeout: Duration::from_secs(30),
            require_level: 1,
            traces: Traces::default(),
        }
    }

    /// Sets the URL at which browsers reach the tokenizer, if it differs from the client's. Session transfers
    /// go there, and the JWTs name its origin.
    pub fn public_tokenizer_url(mut self, url: BaseUrl) -> Self {
        self.public_tokenizer = Some(url);
        self
    }

    /// Sets which claims the JWTs have beyond LunaSec's; the default is all of them.
    pub const fn jwt_profile(mut self, level: JwtProfile) -> Self {
        self.jwt_profile = level;
        self
    }

    /// Sets the value that is sent in place of a session id; the default is its SHA-256.
    pub fn session_ids(mut self, ids: SessionIds) -> Self {
        self.session_ids = ids;
        self
    }

    /// Sets how long a call may take, retries included: 1 ms to 1 h; 5 s by default.
    ///
    /// A verify, a grant or a read without a response for half of this time is sent again over a new
    /// connection.
    pub const fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Sets how long connecting may take: 1 ms to 1 h; 2 s by default. A custom HTTP client ignores it.
    pub const fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Sets how often a request is retried at most: 0 (never) to 10 times; 5 by default.
    ///
    /// The attempts are spread over the [`deadline`](Self::deadline), or its first ten seconds: each pause is
    /// about twice the one before. With the defaults no call fails because a tokenizer is unavailable for two
    /// seconds. A tokenize is retried only when the tokenizer certainly did not process it.
    pub const fn max_retries(mut self, retries: u32) -> Self {
        self.max_retries = retries;
        self
    }

    /// Sets how many concurrent requests a call with many tokens makes: 1 to 1024; 64 by default.
    ///
    /// With wire level 2, calls at the same time share requests: while 4 batches are under way, or this many if that is
    /// less, further calls gather for the next one. What waits is held by its call, and freed with it.
    pub const fn max_in_flight(mut self, requests: usize) -> Self {
        self.max_in_flight = requests;
        self
    }

    /// Sets the maximum number of connections to the tokenizer, for all calls together: 1 to 65,536; 256 by
    /// default. Further requests wait, within their deadline; a batch that calls share is one request. One more connection asks now and then which wire
    /// level the tokenizer speaks. All replicas together should stay below the
    /// tokenizer's limit on connections; LunaDefend's accepts 1024 by default.
    pub const fn max_connections(mut self, connections: usize) -> Self {
        self.max_connections = connections;
        self
    }

    /// Sets the longest value that [`TokenizerClient::detokenize`](crate::TokenizerClient::detokenize) reads,
    /// in bytes. The default is 64 MiB, the default limit of LunaDefend's tokenizer. The value is in memory as a
    /// whole; [`download`](crate::TokenizerClient::download) reads longer ones.
    pub const fn max_value_len(mut self, bytes: usize) -> Self {
        self.max_value_len = bytes;
        self
    }

    /// Sets the longest value that [`TokenizerClient::download`](crate::TokenizerClient::download) reads, in bytes.
    /// The default is 1 GiB, the longest value that LunaDefend's tokenizer can be set to store.
    pub const fn max_stream_len(mut self, bytes: u64) -> Self {
        self.max_stream_len = bytes;
        self
    }

    /// Sets the longest time without progress of an [`upload`](crate::TokenizerClient::upload) or a
    /// [`download`](crate::TokenizerClient::download): 1 ms to 1 h; 30 s by default. They have no deadline beside
    /// it, but for their first request.
    pub const fn stall_timeout(mut self, timeout: Duration) -> Self {
        self.stall_timeout = timeout;
        self
    }

    /// Sets the wire level that the tokenizer must offer: 1 by default. With 2, no call falls back to level 1:
    /// without level 2 each one fails with
    /// [`TokenizerTooOld`](lunadefend_core::ErrorKind::TokenizerTooOld). The first call then waits until the level
    /// is known.
    ///
    /// # Security
    /// With 1, whoever can keep the discovery document from the client makes it use level 1, whose answers are
    /// not tied to their questions.
    pub const fn require_level(mut self, level: u64) -> Self {
        self.require_level = level;
        self
    }

    /// Sets where values may be uploaded to and downloaded from, beside the tokenizer itself. These are the
    /// origins of its storage, such as that of its S3 bucket. Paths do not matter.
    ///
    /// # Security
    /// The tokenizer says where values go. Without this list a hostile tokenizer could send them, and our
    /// requests, anywhere in the internal network.
    pub fn blob_origins(mut self, origins: Vec<BaseUrl>) -> Self {
        self.blob_origins = origins;
        self
    }

    /// Sets the clock; the default is the operating system's.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Sets where the present trace comes from, which each request tells the tokenizer in `traceparent` and
    /// `x-request-id`; by default each call is a trace of its own.
    ///
    /// With `tracing-opentelemetry` it is the `SpanContext` of the current span. Calls that share a request ask from a
    /// task of their own, where no span of a caller is entered.
    ///
    /// ```
    /// use lunadefend_client::ClientBuilder;
    /// use lunadefend_core::provider::TraceParent;
    ///
    /// tokio::task_local! {
    ///     static TRACE: TraceParent;
    /// }
    ///
    /// fn traced(builder: ClientBuilder) -> ClientBuilder {
    ///     builder.trace_parent(|| TRACE.try_with(|trace| *trace).ok())
    /// }
    /// ```
    pub fn trace_parent(
        mut self,
        current: impl Fn() -> Option<TraceParent> + Send + Sync + 'static,
    ) -> Self {
        self.traces = Traces::of(current);
        self
    }

    /// Uses a shared or custom HTTP client, for example with your own root certificate.
    pub fn http_client(mut self, client: HttpClient) -> Self {
        self.http = Some(client);
        self
    }

    /// Builds the client. It does not connect to the tokenizer.
    ///
    /// # Errors
    /// [`BuildError`], which names the wrong setting.
    pub fn build(self) -> Result<Client, BuildError> {
        let times = 1..=3_600_000;
        for (setting, time) in [
            ("deadline", self.deadline),
            ("connect_timeout", self.connect_timeout),
            ("stall_timeout", self.stall_timeout),
        ] {
            check(times.contains(&time.as_millis()), setting, "1ms to 1h")?;
        }
        check(self.max_retries <= 10, "max_retries", "0 to 10")?;
        check(
            (1..=1024).contains(&self.max_in_flight),
            "max_in_flight",
            "1 to 1024",
        )?;
        check(
            (1..=65_536).contains(&self.max_connections),
            "max_connections",
            "1 to 65536",
        )?;
        check(self.max_value_len > 0, "max_value_len", "1 or more bytes")?;
        check(self.max_stream_len > 0, "max_stream_len", "1 or more bytes")?;
        let levels = 1..=2;
        check(
            levels.contains(&self.require_level),
            "require_level",
            "1 or 2",
        )?;

        for url in std::iter::once(&self.tokenizer).chain(&self.public_tokenizer) {
            if !url.is_https() && !url.is_loopback() {
                tracing::warn!(
                    origin = url.origin(),
                    "JWTs are sent to the tokenizer in cleartext: anyone who reads one on the way can grant any token"
                );
            }
        }
        let http = self.http_client_for_urls()?;
        let public = self.public_tokenizer.as_ref().unwrap_or(&self.tokenizer);
        let discovery = Discovery::new(
            http.clone(),
            Arc::clone(&self.clock),
            &self.tokenizer,
            public,
            self.deadline,
            self.require_level > 1,
        );
        let origin = public.origin();
        let keys = KeyService::new(
            self.keys,
            self.jwt_profile,
            &origin,
            Arc::clone(&self.clock),
        );
        Ok(Client(Arc::new(Inner {
            routes: Routes::below(&self.tokenizer),
            tokenizer: self.tokenizer,
            public_tokenizer: self.public_tokenizer,
            blob_origins: self.blob_origins,
            keys,
            session_ids: self.session_ids,
            transport: Transport {
                http,
                traces: self.traces,
                clock: self.clock,
                max_retries: self.max_retries,
                places: Arc::new(Semaphore::new(self.max_connections)),
            },
            discovery,
            queues: Queues::new(self.max_in_flight.min(self.max_connections)),
            deadline: self.deadline,
            max_in_flight: self.max_in_flight,
            max_value_len: self.max_value_len,
            max_stream_len: self.max_stream_len,
            stall_timeout: self.stall_timeout,
        })))
    }

    fn http_client_for_urls(&self) -> Result<HttpClient, BuildError> {
        // Values may be stored at the public URL of the tokenizer.
        let urls = [("tokenizer_url", &self.tokenizer)]
            .into_iter()
            .chain(
                self.public_tokenizer
                    .iter()
                    .map(|url| ("public_tokenizer_url", url)),
            )
            .chain(self.blob_origins.iter().map(|url| ("blob_origins", url)));
        let https = urls.into_iter().find(|(_, url)| url.is_https());
        match (&self.http, https) {
            (Some(client), Some((setting, _))) if !client.has_tls() => {
                let problem =
                    "is https, but the HTTP client that was handed in is built without TLS";
                Err(SettingError::new(setting, problem, "").into())
            }
            (Some(client), _) => Ok(client.clone()),
            (None, https) => Ok(HttpClient::builder()
                .tls(https.is_some())
                .connect_timeout(self.connect_timeout)
                .build()?),
        }
    }
}

fn check(holds: bool, setting: &'static str, range: &str) -> Result<(), SettingError> {
    let error = || SettingError::wrong(setting, format!("it must be {range}"));
    holds.then_some(()).ok_or_else(error)
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("tokenizer", &self.tokenizer)
            .field("session_ids", &self.session_ids)
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}
