//! Building a `LunaDefend` from settings of any source.

use crate::{ConfigError, JwtProfile, LunaDefend, SessionIds};
use lunadefend_client::{Client, DemoKey, KeyRotation, SessionIdKeyError, SigningKeys};
use lunadefend_core::{
    Grants,
    provider::{Clock, SecretProvider, SettingError, TraceParent},
};
use lunadefend_http::{BaseUrl, Cleartext};
use lunadefend_jwt::SystemClock;
use lunadefend_secrets::EnvironmentSecret;
use std::{fmt, num::NonZeroUsize, sync::Arc, time::Duration};

/// A value, with the name of its setting in its source.
#[derive(Clone)]
pub(crate) struct Named<T> {
    pub(crate) value: T,
    pub(crate) setting: &'static str,
}

/// Settings of a [`LunaDefend`]. Nothing is checked or fetched before [`build`](Self::build).
///
/// ```no_run
/// use lunadefend::{LunaDefend, secrets::FileSecret};
/// use std::time::Duration;
///
/// # async fn example() -> Result<(), lunadefend::ConfigError> {
/// let luna = LunaDefend::builder("https://tokenizer.example.com")
///     .signing_key(FileSecret::new("/run/secrets/lunasec-signing-key"))
///     .deadline(Duration::from_secs(2))
///     .build()
///     .await?;
/// # drop(luna);
/// # Ok(())
/// # }
/// ```
#[must_use = "a builder does nothing until it is built"]
pub struct Builder {
    pub(crate) tokenizer_url: Named<String>,
    pub(crate) public_tokenizer_url: Option<Named<String>>,
    signing_key: Arc<dyn SecretProvider>,
    rotation: KeyRotation,
    pub(crate) session_key: Option<Named<Arc<dyn SecretProvider>>>,
    raw_session_ids: bool,
    wire: JwtProfile,
    require_level: Option<u64>,
    deadline: Option<Duration>,
    stall_timeout: Option<Duration>,
    max_retries: Option<u32>,
    max_tokens: NonZeroUsize,
    pub(crate) blob_origins: Vec<Named<String>>,
    cleartext: Cleartext,
    demo_key: DemoKey,
    clock: Arc<dyn Clock>,
    pub(crate) current_trace: Option<CurrentTrace>,
}

/// Returns the trace that the application is in.
#[derive(Clone)]
pub(crate) struct CurrentTrace(Arc<dyn Fn() -> Option<TraceParent> + Send + Sync>);

impl CurrentTrace {
    pub(crate) fn new(current: impl Fn() -> Option<TraceParent> + Send + Sync + 'static) -> Self {
        Self(Arc::new(current))
    }
}

impl fmt::Debug for CurrentTrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CurrentTrace").finish_non_exhaustive()
    }
}

impl Builder {
    pub(crate) fn new(tokenizer_url: String) -> Self {
        Self {
            tokenizer_url: Named {
                value: tokenizer_url,
                setting: "tokenizer_url",
            },
            public_tokenizer_url: None,
            signing_key: Arc::new(EnvironmentSecret::new("LUNASEC_SIGNING_KEY")),
            rotation: KeyRotation::default(),
            session_key: None,
            raw_session_ids: false,
            wire: JwtProfile::default(),
            require_level: None,
            deadline: None,
            stall_timeout: None,
            max_retries: None,
            max_tokens: Grants::MAX_TOKENS,
            blob_origins: Vec::new(),
            cleartext: Cleartext::LoopbackOnly,
            demo_key: DemoKey::Refused,
            clock: Arc::new(SystemClock),
            current_trace: None,
        }
    }

    /// Sets the URL at which browsers reach the tokenizer, if it differs from the application's.
    pub fn public_tokenizer_url(mut self, url: impl Into<String>) -> Self {
        self.public_tokenizer_url = Some(Named {
            value: url.into(),
            setting: "public_tokenizer_url",
        });
        self
    }

    /// Sets the source of the signing key. The default is the environment variable `LUNASEC_SIGNING_KEY`.
    pub fn signing_key(mut self, provider: impl SecretProvider) -> Self {
        self.signing_key = Arc::new(provider);
        self
    }

    /// Sets how often the signing key is fetched again, and when a new key starts to sign. See
    /// [`KeyRotation`] for the default.
    pub fn key_rotation(mut self, rotation: KeyRotation) -> Self {
        self.rotation = rotation;
        self
    }

    /// Sets the source of a session key of 32 bytes or more.
    ///
    /// Session ids are then sent as their HMAC; without a key, as their SHA-256. Blanks, line ends and quotes
    /// around a text key are not part of it.
    pub fn session_key(mut self, provider: impl SecretProvider) -> Self {
        self.session_key = Some(Named {
            value: Arc::new(provider),
            setting: "session_key",
        });
        self
    }

    /// Sends raw session ids, as LunaSec's SDK does: for an application that shares a tokenizer with a Node
    /// application.
    ///
    /// # Security
    /// Your session ids then reach the tokenizer and every log of a redirect.
    pub fn raw_session_ids(mut self) -> Self {
        self.raw_session_ids = true;
        self
    }

    /// Sets the contents of the JWTs; [`JwtProfile::LunaSec`] is exactly what LunaSec signs.
    pub fn wire(mut self, level: JwtProfile) -> Self {
        self.wire = level;
        self
    }

    /// Sets the wire level that the tokenizer must offer: 1 or 2. The default is 1.
    ///
    /// With 2, a tokenizer that does not offer level 2 is an error of every call,
    /// [`TokenizerTooOld`](crate::ErrorKind::TokenizerTooOld). With 1, grants then go by level 1.
    ///
    /// # Security
    /// An answer of level 2 is tied to its question, so that nothing between the application and the tokenizer can
    /// mix up answers.
    pub fn require_level(mut self, level: u64) -> Self {
        self.require_level = Some(level);
        self
    }

    /// Sets the deadline of a whole call, including its retries. The default is 5 seconds.
    ///
    /// A verify, a grant or a read without a response for half of the deadline is sent again.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Sets the longest time without progress of an upload or a download that is a stream: 1 ms to 1 h. The default
    /// is 30 seconds. The whole of it has no deadline.
    pub fn stall_timeout(mut self, timeout: Duration) -> Self {
        self.stall_timeout = Some(timeout);
        self
    }

    /// Sets the most retries of a call while the tokenizer is unreachable or overloaded.
    ///
    /// 0 (never) to 10, spread over the deadline. The default is 5.
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.max_retries = Some(retries);
        self
    }

    /// Sets how many distinct tokens one call may verify or grant. The default is 500.
    ///
    /// More tokens are a 413, before the tokenizer is called. The limit applies to one request, to one
    /// response, and to one GraphQL operation.
    ///
    /// By wire level 1 each token is a request to the tokenizer, within the deadline of the call; by level 2 up to
    /// 100 tokens are one.
    pub fn max_tokens(mut self, tokens: NonZeroUsize) -> Self {
        self.max_tokens = tokens;
        self
    }

    /// Permits values to be sent to and fetched from another origin than the tokenizer's: that of its bucket.
    pub fn blob_origin(mut self, url: impl Into<String>) -> Self {
        self.blob_origins.push(Named {
            value: url.into(),
            setting: "blob_origins",
        });
        self
    }

    /// Permits `http://` to non-loopback hosts.
    ///
    /// # Security
    /// An attacker who reads one of the application's JWTs on the network can grant any token to any session.
    pub fn allow_cleartext(mut self) -> Self {
        self.cleartext = Cleartext::Allowed;
        self
    }

    /// Permits the signing key that LunaSec publishes in its sources: for development only.
    ///
    /// # Security
    /// That key is public.
    pub fn allow_demo_key(mut self) -> Self {
        self.demo_key = DemoKey::Allowed;
        self
    }

    /// Sets the clock that dates the JWTs, for tests.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Sets where the present trace comes from, as
    /// [`ClientBuilder::trace_parent`](lunadefend_client::ClientBuilder::trace_parent) does.
    pub fn trace_parent(
        mut self,
        current: impl Fn() -> Option<TraceParent> + Send + Sync + 'static,
    ) -> Self {
        self.current_trace = Some(CurrentTrace::new(current));
        self
    }

    /// Checks every setting, fetches the keys and builds the client.
    ///
    /// Does not connect to the tokenizer, so the application may start first.
    ///
    /// # Errors
    /// [`ConfigError`], naming the setting that is missing or wrong.
    pub async fn build(self) -> Result<LunaDefend, ConfigError> {
        let url = |url: &Named<String>| BaseUrl::parse(&url.value, url.setting, self.cleartext);
        let tokenizer_url = url(&self.tokenizer_url)?;
        let public_tokenizer_url = self.public_tokenizer_url.as_ref().map(url).transpose()?;
        let blob_origins: Result<_, _> = self.blob_origins.iter().map(url).collect();

        let keys = SigningKeys::load(
            Arc::clone(&self.signing_key),
            self.rotation,
            self.demo_key,
            Arc::clone(&self.clock),
        );
        let mut client = Client::builder(tokenizer_url, keys.await?)
            .session_ids(self.resolve_session_ids().await?)
            .jwt_profile(self.wire)
            .clock(Arc::clone(&self.clock))
            .blob_origins(blob_origins?);
        if let Some(CurrentTrace(current)) = self.current_trace {
            client = client.trace_parent(move || current());
        }
        if let Some(url) = public_tokenizer_url {
            client = client.public_tokenizer_url(url);
        }
        if let Some(level) = self.require_level {
            client = client.require_level(level);
        }
        if let Some(deadline) = self.deadline {
            client = client.deadline(deadline);
        }
        if let Some(timeout) = self.stall_timeout {
            client = client.stall_timeout(timeout);
        }
        if let Some(retries) = self.max_retries {
            client = client.max_retries(retries);
        }
        Ok(LunaDefend::new(client.build()?, self.max_tokens))
    }

    async fn resolve_session_ids(&self) -> Result<SessionIds, ConfigError> {
        match (&self.session_key, self.raw_session_ids) {
            (None, true) => Ok(SessionIds::Raw),
            (None, false) => Ok(SessionIds::Hashed),
            (Some(key), true) => Err(SettingError::wrong(
                key.setting,
                "raw session ids use no key: leave out one of the two settings",
            )
            .into()),
            (Some(key), false) => {
                let provider = &key.value;
                let secret = provider.fetch().await?.current.value;
                let ids = SessionIds::keyed_by(&secret);
                let wrong = |error: SessionIdKeyError| {
                    SettingError::wrong(provider.origin(), error.to_string())
                };
                Ok(ids.map_err(wrong)?)
            }
        }
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The URL is omitted: an invalid one may contain a password.
        f.debug_struct("Builder")
            .field("signing_key", &self.signing_key)
            .field(
                "session_key",
                &self.session_key.as_ref().map(|key| &key.value),
            )
            .finish_non_exhaustive()
    }
}
