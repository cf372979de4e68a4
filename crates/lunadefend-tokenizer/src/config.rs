//! The configuration of a tokenizer, checked once, when it is built.

mod durations;
mod limits;
mod origins;
mod providers;
mod values;

pub use durations::GrantDurations;
pub use limits::Limits;
pub use origins::Origin;
pub use providers::AuthProviders;
pub(crate) use providers::Provider;
pub use values::ValuePolicy;

use crate::{
    config_error::ConfigError,
    cookies::{CookiePolicy, Cookies},
    jwks::VerificationKeys,
    trusted_proxies::TrustedProxies,
};
use http::HeaderValue;
use lunadefend_audit::Audit;
use lunadefend_core::provider::SettingError;
use lunadefend_http::BaseUrl;
use lunadefend_jwt::JwtPolicy;
use std::time::Duration;

/// The configuration of a [`Tokenizer`](crate::Tokenizer).
///
/// ```
/// use lunadefend_http::{BaseUrl, Cleartext, HttpClient};
/// use lunadefend_tokenizer::{
///     AuthProviders, CookiePolicy, JwksSource, Origin, VerificationKeys, TokenizerConfig,
/// };
///
/// let cleartext = Cleartext::LoopbackOnly;
/// let public = BaseUrl::parse("http://localhost:17766", "TOKENIZER_URL", cleartext)?;
/// let jwks = BaseUrl::parse("http://localhost:3001/.lunasec/jwks.json", "SESSION_JWKS_URL", cleartext)?;
/// let keys = JwksSource::new(jwks, HttpClient::builder().tls(false).build()?)?;
/// let providers = AuthProviders::parse("http://localhost:3001", "AUTH_PROVIDERS", cleartext)?;
///
/// let config = TokenizerConfig::builder(public, VerificationKeys::Jwks(keys), providers)
///     .application_origin(Origin::parse("http://localhost:3000", "APPLICATION_FRONT_END")?)
///     .cookie_policy(CookiePolicy::SameSite)
///     .build()?;
/// # let _ = config;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct TokenizerConfig {
    pub(crate) public_url: BaseUrl,
    pub(crate) public_origin: Origin,
    pub(crate) blob_url: BaseUrl,
    /// The origin that may read the blob routes: the tokenizer's own, when blobs have another.
    pub(crate) blob_reader: Option<HeaderValue>,
    pub(crate) keys: VerificationKeys,
    pub(crate) allow_demo_key: bool,
    pub(crate) providers: AuthProviders,
    pub(crate) application_origins: Vec<Origin>,
    pub(crate) durations: GrantDurations,
    pub(crate) cookies: Cookies,
    pub(crate) jwt: JwtPolicy,
    pub(crate) user_jwt_in_authorization: bool,
    pub(crate) nested_pages: bool,
    pub(crate) react_sdk: bool,
    pub(crate) delete: bool,
    pub(crate) values: ValuePolicy,
    pub(crate) limits: Limits,
    pub(crate) trusted_proxies: TrustedProxies,
    pub(crate) audit: Option<Audit>,
}

impl TokenizerConfig {
    /// Starts with the settings that have no default.
    ///
    /// Browsers reach this tokenizer at `public_url`. The tokenizer never takes it from a request. When it
    /// has a path, a proxy may strip the path or not.
    pub fn builder(
        public_url: BaseUrl,
        keys: VerificationKeys,
        providers: AuthProviders,
    ) -> TokenizerConfigBuilder {
        TokenizerConfigBuilder {
            public_url,
            keys,
            providers,
            blob_url: None,
            application_origins: Vec::new(),
            durations: GrantDurations::default(),
            cookie_policy: CookiePolicy::default(),
            issuers: None,
            max_jwt_lifetime: None,
            user_jwt_in_authorization: true,
            allow_demo_key: false,
            nested_pages: false,
            react_sdk: false,
            delete: true,
            values: ValuePolicy::default(),
            limits: Limits::default(),
            trusted_proxies: TrustedProxies::default(),
        }
    }

    /// Sets the audit log, which gets a line for each act of a known caller. There is none by default.
    #[must_use]
    pub fn with_audit(self, audit: Audit) -> Self {
        Self {
            audit: Some(audit),
            ..self
        }
    }

    /// The time for which the ends of sessions, grants and tokens are remembered: an hour longer than anything
    /// made for them can live.
    pub(crate) fn memory_of_ends(&self) -> Duration {
        let longest = [
            self.durations.maximum().get(),
            self.jwt.max_lifetime,
            Duration::from_secs(60 * 60),
        ];
        longest
            .into_iter()
            .fold(Duration::ZERO, Duration::saturating_add)
    }
}

/// Settings of a [`TokenizerConfig`].
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct TokenizerConfigBuilder {
    public_url: BaseUrl,
    keys: VerificationKeys,
    providers: AuthProviders,
    blob_url: Option<BaseUrl>,
    application_origins: Vec<Origin>,
    durations: GrantDurations,
    cookie_policy: CookiePolicy,
    issuers: Option<Vec<String>>,
    max_jwt_lifetime: Option<Duration>,
    user_jwt_in_authorization: bool,
    allow_demo_key: bool,
    nested_pages: bool,
    react_sdk: bool,
    delete: bool,
    values: ValuePolicy,
    limits: Limits,
    trusted_proxies: TrustedProxies,
}

impl TokenizerConfigBuilder {
    /// Sets another URL at which browsers reach this same tokenizer, for values only. By default values are
    /// at the public URL.
    ///
    /// # Security
    /// Recommended in production, on a separate site: what users upload then never has the origin of the
    /// frame.
    pub fn blob_url(mut self, url: BaseUrl) -> Self {
        self.blob_url = Some(url);
        self
    }

    /// Adds an origin of the application: its pages may have secure fields, and may ask whether the browser has
    /// a session here. Without any origin there is no `/frame`.
    ///
    /// # Security
    /// The origins of one tokenizer trust each other.
    pub fn application_origin(mut self, origin: Origin) -> Self {
        self.application_origins.push(origin);
        self
    }

    /// Sets the lifetimes of grants; 15 minutes by default, at most an hour.
    pub const fn grant_durations(mut self, durations: GrantDurations) -> Self {
        self.durations = durations;
        self
    }

    /// Sets when browsers send the cookies; across sites by default.
    pub const fn cookie_policy(mut self, policy: CookiePolicy) -> Self {
        self.cookie_policy = policy;
        self
    }

    /// Sets the issuers of JWTs (`iss`); `node-sdk` by default.
    pub fn issuers(mut self, issuers: impl IntoIterator<Item = String>) -> Self {
        self.issuers = Some(issuers.into_iter().collect());
        self
    }

    /// Sets the longest lifetime of a JWT (`exp` - `iat`); one hour by default.
    pub const fn max_jwt_lifetime(mut self, lifetime: Duration) -> Self {
        self.max_jwt_lifetime = Some(lifetime);
        self
    }

    /// Sets whether a `user` JWT is accepted in `authorization`; yes by default. The SDK's own tokenize and
    /// detokenize need it, browsers do not.
    pub const fn user_jwt_in_authorization(mut self, accepted: bool) -> Self {
        self.user_jwt_in_authorization = accepted;
        self
    }

    /// Sets whether JWTs may be signed with the demo key that LunaSec publishes; no by default.
    ///
    /// # Security
    /// For development only: anyone can sign with that key.
    pub const fn allow_demo_key(mut self, allowed: bool) -> Self {
        self.allow_demo_key = allowed;
        self
    }

    /// Sets whether a page with secure fields may itself be in a frame of another one; no by default. Every page
    /// around must have a configured origin.
    pub const fn nested_pages(mut self, allowed: bool) -> Self {
        self.nested_pages = allowed;
        self
    }

    /// Sets whether pages may use LunaSec's React SDK; no by default.
    ///
    /// # Security
    /// That SDK does not say which session its page was made for: after a log-in as another user, an older page
    /// acts in the new session.
    pub const fn react_sdk(mut self, allowed: bool) -> Self {
        self.react_sdk = allowed;
        self
    }

    /// Sets whether the application may delete tokens; yes by default, up to
    /// [`Limits::deletes_per_hour`].
    pub const fn delete(mut self, allowed: bool) -> Self {
        self.delete = allowed;
        self
    }

    /// Sets who may have values and masks.
    pub const fn values(mut self, policy: ValuePolicy) -> Self {
        self.values = policy;
        self
    }

    /// Sets sizes and times.
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets the proxies whose `X-Forwarded-For` is believed; none by default.
    pub fn trusted_proxies(mut self, proxies: TrustedProxies) -> Self {
        self.trusted_proxies = proxies;
        self
    }

    /// Builds the configuration, if the settings fit together.
    ///
    /// # Errors
    /// A [`ConfigError`] that names the setting.
    pub fn build(self) -> Result<TokenizerConfig, ConfigError> {
        self.limits.check()?;
        let public_origin = Origin::of(&self.public_url);
        // Script of such a page would be script of the frame.
        if self.application_origins.contains(&public_origin) {
            return Err(SettingError::new(
                "APPLICATION_FRONT_END",
                "has the origin of TOKENIZER_URL, where the application's pages could read every value",
                "give the tokenizer a host of its own, such as tokenizer.example.com",
            )
            .into());
        }
        let mut jwt = JwtPolicy::new(public_origin.as_str());
        if let Some(issuers) = self.issuers {
            if issuers.is_empty() {
                let advice = "leave it out for the default, node-sdk";
                return Err(SettingError::new("issuers", "must not be empty", advice).into());
            }
            jwt = jwt.with_issuers(issuers);
        }
        if let Some(lifetime) = self.max_jwt_lifetime {
            jwt = jwt.with_max_lifetime(lifetime);
        }
        if let VerificationKeys::Public(key) = &self.keys
            && key.is_demo_key()
            && !self.allow_demo_key
        {
            return Err(SettingError::new(
                "SESSION_PUBLIC_KEY",
                "is the published demo key, with which anybody can sign",
                "make a key of your own",
            )
            .into());
        }
        let blob_url = self.blob_url.unwrap_or_else(|| self.public_url.clone());
        let blob_reader =
            (Origin::of(&blob_url) != public_origin).then(|| public_origin.header().clone());
        let site = public_origin.loopback_site();
        let is_one_site = site.is_some()
            && self
                .providers
                .iter()
                .map(Provider::origin)
                .chain(&self.application_origins)
                .all(|origin| origin.loopback_site() == site);
        Ok(TokenizerConfig {
            cookies: Cookies::new(
                &self.public_url,
                self.cookie_policy,
                is_one_site,
                self.providers.are_several(),
            ),
            public_url: self.public_url,
            public_origin,
            blob_url,
            blob_reader,
            keys: self.keys,
            allow_demo_key: self.allow_demo_key,
            providers: self.providers,
            application_origins: self.application_origins,
            durations: self.durations,
            jwt,
            user_jwt_in_authorization: self.user_jwt_in_authorization,
            nested_pages: self.nested_pages,
            react_sdk: self.react_sdk,
            delete: self.delete,
            values: self.values,
            limits: self.limits,
            trusted_proxies: self.trusted_proxies,
            audit: None,
        })
    }
}

#[cfg(test)]
mod tests;
