//! The keys that verify JWTs: a configured one, or a fetched key set.

mod fetch;
mod refresh;

use crate::{config::TokenizerConfig, config_error::ConfigError, status::KeysStatus};
use lunadefend_core::provider::{Clock, SettingError};
use lunadefend_crypto::PublicKey;
use lunadefend_http::{BaseUrl, HttpClient};
use lunadefend_jwt::{Claims, JwtError, JwtPolicy, JwtVerifier, KeySet, LEGACY_KID, ParsedJwt};
use refresh::Cache;
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

/// The source of the keys that verify JWTs.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum VerificationKeys {
    /// The key set that the application publishes at `/.lunasec/jwks.json`.
    Jwks(JwksSource),
    /// One key. It ignores the `kid` of a JWT.
    Public(PublicKey),
}

/// The URL at which the application publishes its public keys, and how it is fetched.
///
/// The tokenizer fetches the key set for the first JWT, so that it starts without the application. It fetches
/// again when the set is no longer fresh, and when a JWT names an unknown key. The latter happens at most
/// once a minute for one key, and once a second for all. The set is fresh for its `Cache-Control: max-age`,
/// less its `Age`. That is at least a minute, at most an hour, and five minutes by default.
///
/// In the next 30 seconds requests still use the set while the tokenizer fetches the next one. Later a
/// request waits for a fetch, 5 s at most, before the set verifies anything. Only if that fetch fails does
/// the last set serve, for [`stale_if_error`](Self::stale_if_error) after it was fresh; the next attempt
/// follows 30 s later.
///
/// # Security
/// The client verifies TLS and follows no redirects. [`Tokenizer::drop_keys`](crate::Tokenizer::drop_keys)
/// makes the tokenizer forget a key set at once. After that, and for an unknown key, a fetch sends
/// `Cache-Control: no-cache`: otherwise a cache between the two may respond with retired keys.
#[derive(Clone, Debug)]
pub struct JwksSource {
    url: BaseUrl,
    client: HttpClient,
    stale_if_error: Duration,
}

impl JwksSource {
    /// The default time for which the last set serves after it was fresh, while fetching fails.
    ///
    /// It is longer than a restart or a deployment of an application, and not longer than the lifetime of the
    /// SDK's JWTs. So an attacker who has a retired key and makes the application unreachable gains no more
    /// than by a JWT signed just before.
    pub const DEFAULT_STALE_IF_ERROR: Duration = Duration::from_secs(15 * 60);
    /// The maximum of [`stale_if_error`](Self::stale_if_error): a day.
    pub const MAX_STALE_IF_ERROR: Duration = Duration::from_secs(24 * 3600);

    /// Makes a source of the URL of a key set, such as `https://app.example.com/.lunasec/jwks.json`.
    ///
    /// # Errors
    /// [`ConfigError`] when the URL is https and the client has no TLS.
    pub fn new(url: BaseUrl, client: HttpClient) -> Result<Self, ConfigError> {
        if url.is_https() && !client.has_tls() {
            let problem = "is an https URL";
            let advice = "build the HTTP client with TLS";
            return Err(SettingError::new("SESSION_JWKS_URL", problem, advice).into());
        }
        Ok(Self {
            url,
            client,
            stale_if_error: Self::DEFAULT_STALE_IF_ERROR,
        })
    }

    /// Sets how long the last set serves after it was fresh, while fetching fails (`stale-if-error` of RFC
    /// 5861). The default is [`DEFAULT_STALE_IF_ERROR`](Self::DEFAULT_STALE_IF_ERROR); zero means never.
    ///
    /// # Errors
    /// [`ConfigError`] above [`MAX_STALE_IF_ERROR`](Self::MAX_STALE_IF_ERROR).
    ///
    /// # Security
    /// For this time a retired key is accepted while fetching the key set fails.
    pub fn stale_if_error(mut self, time: Duration) -> Result<Self, ConfigError> {
        if time > Self::MAX_STALE_IF_ERROR {
            let advice = "it must be from 0s to 24h";
            return Err(SettingError::wrong("LUNADEFEND_JWKS_STALE_IF_ERROR", advice).into());
        }
        self.stale_if_error = time;
        Ok(self)
    }
}

/// Why a JWT was not verified.
#[derive(Debug, thiserror::Error)]
pub(crate) enum VerifyError {
    #[error(transparent)]
    Refused(#[from] JwtError),
    /// The keys are unavailable; the JWT may be valid.
    #[error("the key set of the application is not available")]
    Unavailable,
}

/// The keys of a running tokenizer.
#[derive(Debug)]
pub(crate) enum Keys {
    Fixed(JwtVerifier),
    Jwks(Arc<Cache>),
}

impl Keys {
    /// Takes the keys of a configuration.
    pub(crate) fn new(config: &TokenizerConfig, clock: Arc<dyn Clock>) -> Self {
        let remembered = config.limits.verified_jwts;
        match config.keys.clone() {
            VerificationKeys::Public(key) => {
                Self::Fixed(JwtVerifier::new(KeySet::single(key), remembered))
            }
            VerificationKeys::Jwks(source) => {
                let allow_demo_key = config.allow_demo_key;
                Self::Jwks(Arc::new(Cache::new(
                    source,
                    allow_demo_key,
                    remembered,
                    clock,
                )))
            }
        }
    }

    /// Forgets a fetched key set. Returns whether the source is a fetched one.
    pub(crate) fn drop_set(&self) -> bool {
        match self {
            Self::Fixed(_) => false,
            Self::Jwks(cache) => {
                cache.drop_set();
                true
            }
        }
    }

    /// Returns their state, for an operator.
    pub(crate) fn status(&self) -> KeysStatus {
        match self {
            Self::Fixed(_) => KeysStatus::Configured,
            Self::Jwks(cache) => KeysStatus::Jwks {
                fetched: cache.status(),
            },
        }
    }

    /// Verifies a JWT; fetches newer keys once when the present ones lack its key.
    pub(crate) async fn verify(
        &self,
        compact: &str,
        policy: &JwtPolicy,
        now: SystemTime,
    ) -> Result<Claims, VerifyError> {
        if let Some(known) = self.verify_again(compact, policy, now) {
            return Ok(known?);
        }
        // First: what is no JWT causes no fetch.
        let jwt = &ParsedJwt::parse(compact)?;
        let cache = match self {
            Self::Fixed(keys) => return Ok(keys.verify(jwt, policy, now)?),
            Self::Jwks(cache) => cache,
        };
        let current = cache.current().await.ok_or(VerifyError::Unavailable)?;
        let refused = match current.set.keys.verify(jwt, policy, now) {
            Ok(claims) => return Ok(claims),
            Err(error) => error,
        };
        if !may_be_a_newer_key(jwt, &refused) {
            return Err(refused.into());
        }
        let kid = jwt.kid().unwrap_or(LEGACY_KID);
        match cache.newer_than(&current, kid).await {
            Ok(Some(newer)) => Ok(newer.keys.verify(jwt, policy, now)?),
            Ok(None) => Err(refused.into()),
            Err(refresh::Failed) => Err(VerifyError::Unavailable),
        }
    }

    /// Verifies a JWT that was verified before. Only a fresh set may say so: any other is fetched first.
    fn verify_again(
        &self,
        compact: &str,
        policy: &JwtPolicy,
        now: SystemTime,
    ) -> Option<Result<Claims, JwtError>> {
        match self {
            Self::Fixed(keys) => keys.verify_again(compact, policy, now),
            Self::Jwks(cache) => cache.fresh()?.keys.verify_again(compact, policy, now),
        }
    }
}

/// Returns whether the refusal may mean a newer key. A v1 peer names no key, or always the same one, so a
/// signature that fits no key counts like an unknown `kid`.
fn may_be_a_newer_key(jwt: &ParsedJwt<'_>, refused: &JwtError) -> bool {
    match refused {
        JwtError::UnknownKey => true,
        JwtError::Signature => jwt.kid().is_none_or(|kid| kid == LEGACY_KID),
        _ => false,
    }
}
