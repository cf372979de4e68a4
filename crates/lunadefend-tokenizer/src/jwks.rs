//! The keys that JWTs are verified with: one that is configured, or a key set that is fetched.

mod fetch;
mod refresh;

use crate::config::{ConfigError, SessionKeys};
use lunadefend_core::Clock;
use lunadefend_http::{BaseUrl, HttpClient};
use lunadefend_jwt::{Claims, JwtError, JwtPolicy, KeySet, LEGACY_KID, ParsedJwt};
use refresh::Cache;
use std::{sync::Arc, time::SystemTime};

/// Where the application publishes its public keys.
///
/// The key set is fetched when the first JWT comes, so that the tokenizer starts without the
/// application; then again when it is older than its `Cache-Control: max-age` says (at least a
/// minute, at most an hour, five minutes when it says nothing; what its `Age` says is taken off), and
/// when a JWT names an unknown key: once a minute for the same key, and once a second for all. While the application cannot be reached the last set is used, for 24 hours
/// at most.
///
/// # Security
/// TLS is verified. Redirects are not followed.
#[derive(Clone, Debug)]
pub struct JwksSource {
    url: BaseUrl,
    client: HttpClient,
}

impl JwksSource {
    /// Takes the URL of a key set, such as `https://app.example.com/.lunasec/jwks.json`.
    ///
    /// # Errors
    /// [`ConfigError::JwksWithoutTls`] when the URL is https and the client has no TLS.
    pub fn new(url: BaseUrl, client: HttpClient) -> Result<Self, ConfigError> {
        if url.is_https() && !client.has_tls() {
            return Err(ConfigError::JwksWithoutTls);
        }
        Ok(Self { url, client })
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
    pub(crate) fn new(keys: SessionKeys, allow_demo_key: bool, clock: Arc<dyn Clock>) -> Self {
        match keys {
            SessionKeys::Public(key) => Self::Fixed(KeySet::single(key)),
            SessionKeys::Jwks(source) => {
                Self::Jwks(Arc::new(Cache::new(source, allow_demo_key, clock)))
            }
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
        let set = cache.current().await.ok_or(VerifyError::Unavailable)?;
        let refused = match verify_with(&set.keys, jwt, policy, now) {
            Ok(claims) => return Ok(claims),
            Err(error) => error,
        };
        if !may_be_a_newer_key(jwt, &refused) {
            return Err(refused.into());
        }
        let kid = jwt.kid().unwrap_or(LEGACY_KID);
        match cache.newer_than(&set, kid).await {
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
