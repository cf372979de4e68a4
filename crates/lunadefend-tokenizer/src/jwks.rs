//! The keys that JWTs are verified with: one that is configured, or a key set that is fetched.

mod fetch;
mod refresh;

use crate::{config_error::ConfigError, status::KeysStatus};
use lunadefend_core::provider::{Clock, SettingError};
use lunadefend_crypto::PublicKey;
use lunadefend_http::{BaseUrl, HttpClient};
use lunadefend_jwt::{Claims, JwtError, JwtPolicy, KeySet, LEGACY_KID, ParsedJwt};
use refresh::Cache;
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

/// Where the keys come from that JWTs are verified with.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum VerificationKeys {
    /// The key set that the application publishes at `/.lunasec/jwks.json`.
    Jwks(JwksSource),
    /// One key. A `kid` in a JWT is not looked at.
    Public(PublicKey),
}

/// Where the application publishes its public keys.
///
/// The key set is fetched when the first JWT comes, so that the tokenizer starts without the
/// application; then again when it is not fresh any more, and when a JWT names an unknown key: once a
/// minute for the same key, and once a second for all. It is fresh for as long as its
/// `Cache-Control: max-age` says (at least a minute, at most an hour, five minutes when it says nothing;
/// what its `Age` says is taken off).
///
/// In the first 30 seconds after that the set is still used while the next one is fetched. Later nothing
/// is judged by it before a fetch has been tried: whoever comes waits, 5 s at most. Only when that fetch
/// has failed does the last set serve, for [`stale_if_error`](Self::stale_if_error) after it was fresh;
/// the next attempt comes 30 s later.
///
/// # Security
/// TLS is verified. Redirects are not followed. [`Tokenizer::drop_keys`](crate::Tokenizer::drop_keys)
/// makes the tokenizer forget a key set at once. After that, and for an unknown key, a fetch says
/// `Cache-Control: no-cache`: a cache between the two may otherwise answer with keys that are retired.
#[derive(Clone, Debug)]
pub struct JwksSource {
    url: BaseUrl,
    client: HttpClient,
    stale_if_error: Duration,
}

impl JwksSource {
    /// For how long the last set serves after it was fresh, when no newer one can be fetched.
    ///
    /// Longer than a restart or a deployment of an application takes, and not longer than one JWT of the
    /// SDK lives: whoever has a key that was retired, and keeps the application from being reached, gains
    /// no more than by a JWT that was signed just before.
    pub const DEFAULT_STALE_IF_ERROR: Duration = Duration::from_secs(15 * 60);
    /// The longest time for which the last set can be told to serve: a day.
    pub const MAX_STALE_IF_ERROR: Duration = Duration::from_secs(24 * 3600);

    /// Takes the URL of a key set, such as `https://app.example.com/.lunasec/jwks.json`.
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

    /// Sets for how long the last set serves after it was fresh, while no newer one can be fetched
    /// (`stale-if-error` of RFC 5861); [`DEFAULT_STALE_IF_ERROR`](Self::DEFAULT_STALE_IF_ERROR) unless
    /// set, zero for never.
    ///
    /// # Errors
    /// [`ConfigError`] above [`MAX_STALE_IF_ERROR`](Self::MAX_STALE_IF_ERROR).
    ///
    /// # Security
    /// For so long a key that was retired is accepted when the key set cannot be fetched.
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
    /// Nothing is known against it: the keys cannot be had.
    #[error("the key set of the application is not available")]
    Unavailable,
}

/// The keys of a running tokenizer.
#[derive(Debug)]
pub(crate) enum Keys {
    Fixed(KeySet),
    Jwks(Arc<Cache>),
}

impl Keys {
    pub(crate) fn new(keys: VerificationKeys, allow_demo_key: bool, clock: Arc<dyn Clock>) -> Self {
        match keys {
            VerificationKeys::Public(key) => Self::Fixed(KeySet::single(key)),
            VerificationKeys::Jwks(source) => {
                Self::Jwks(Arc::new(Cache::new(source, allow_demo_key, clock)))
            }
        }
    }

    /// Forgets a key set that was fetched; whether it is one that is fetched.
    pub(crate) fn drop_set(&self) -> bool {
        match self {
            Self::Fixed(_) => false,
            Self::Jwks(cache) => {
                cache.drop_set();
                true
            }
        }
    }

    /// What an operator is told about them.
    pub(crate) fn status(&self) -> KeysStatus {
        match self {
            Self::Fixed(_) => KeysStatus::Configured,
            Self::Jwks(cache) => KeysStatus::Jwks {
                fetched: cache.status(),
            },
        }
    }

    /// Verifies a JWT; looks once for newer keys when the ones at hand do not know its key.
    pub(crate) async fn verify(
        &self,
        jwt: &ParsedJwt<'_>,
        policy: &JwtPolicy,
        now: SystemTime,
    ) -> Result<Claims, VerifyError> {
        let cache = match self {
            Self::Fixed(keys) => return Ok(verify_with(keys, jwt, policy, now)?),
            Self::Jwks(cache) => cache,
        };
        let current = cache.current().await.ok_or(VerifyError::Unavailable)?;
        let refused = match verify_with(&current.set.keys, jwt, policy, now) {
            Ok(claims) => return Ok(claims),
            Err(error) => error,
        };
        if !may_be_a_newer_key(jwt, &refused) {
            return Err(refused.into());
        }
        let kid = jwt.kid().unwrap_or(LEGACY_KID);
        match cache.newer_than(&current, kid).await {
            Ok(Some(newer)) => Ok(verify_with(&newer.keys, jwt, policy, now)?),
            Ok(None) => Err(refused.into()),
            Err(refresh::Failed) => Err(VerifyError::Unavailable),
        }
    }
}

fn verify_with(
    keys: &KeySet,
    jwt: &ParsedJwt<'_>,
    policy: &JwtPolicy,
    now: SystemTime,
) -> Result<Claims, JwtError> {
    let candidates = keys.candidates(jwt.kid()).ok_or(JwtError::UnknownKey)?;
    jwt.verify(candidates, policy, now)
}

/// A v1 peer names no key, or always the same one: then a signature that no key explains says as
/// much as an unknown `kid`.
fn may_be_a_newer_key(jwt: &ParsedJwt<'_>, refused: &JwtError) -> bool {
    match refused {
        JwtError::UnknownKey => true,
        JwtError::Signature => jwt.kid().is_none_or(|kid| kid == LEGACY_KID),
        _ => false,
    }
}
