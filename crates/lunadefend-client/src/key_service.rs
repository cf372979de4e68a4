//! The signing key, and the application's JWT that is signed once and used many times.

use crate::{KeyRole, SigningKeys, key_ring::KeyRing, observe};
use http::HeaderValue;
use lunadefend_core::{
    Error, ErrorKind, SessionId,
    provider::{Clock, JwksDocument, TransferState},
};
use lunadefend_jwt::{Jwt, JwtProfile, JwtSigner, jwks_document};
use std::{
    fmt,
    sync::{
        Arc, PoisonError, RwLock, RwLockWriteGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};
use tokio::sync::{Mutex, Semaphore};

/// How far a clock may be set back before a JWT "issued later" is signed again. A tokenizer refuses a JWT
/// that is 60 s ahead.
const MAX_CLOCK_STEP: Duration = Duration::from_secs(30);

/// Signs the JWTs of an application. Cheap to clone; clones share the cached JWT.
///
/// The application's own JWT is signed once and reused until 80 % of its lifetime has passed. Then one caller
/// signs the next JWT while all others still use the old one.
///
/// The keys are those of [`SigningKeys`]: their rotation decides which one signs and which are published.
#[derive(Clone)]
pub struct KeyService(Arc<Inner>);

struct Inner {
    keys: SigningKeys,
    level: JwtProfile,
    tokenizer_origin: String,
    clock: Arc<dyn Clock>,
    cached: RwLock<Option<Arc<Cached>>>,
    refresh: Mutex<()>,
    /// A signature occupies a processor; more at once than processors only delay each other.
    signing: Semaphore,
    signatures: AtomicU64,
}

/// A published key, for diagnosis.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PublishedKey {
    /// The key's RFC 7638 thumbprint.
    pub kid: String,
    /// The length of the modulus, in bits.
    pub bits: usize,
    /// The role of the key in its rotation.
    pub role: KeyRole,
    /// Whether it signs JWTs now.
    pub signs: bool,
    /// The time from which it may sign.
    pub signs_from: SystemTime,
}

struct Cached {
    jwt: Jwt,
    authorization: HeaderValue,
}

enum State {
    Fresh(Arc<Cached>),
    Stale(Arc<Cached>),
    Unusable,
}

impl KeyService {
    /// Makes a service that signs with `keys` for the tokenizer at `tokenizer_origin`, such as
    /// `https://tokenizer.example.com`.
    #[must_use]
    pub fn new(
        keys: SigningKeys,
        level: JwtProfile,
        tokenizer_origin: &str,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self(Arc::new(Inner {
            keys,
            level,
            tokenizer_origin: tokenizer_origin.to_owned(),
            clock,
            cached: RwLock::new(None),
            refresh: Mutex::new(()),
            signing: Semaphore::new(processors),
            signatures: AtomicU64::new(0),
        }))
    }

    /// Returns the application's own JWT, for grants.
    ///
    /// # Errors
    /// [`ErrorKind::SecretUnavailable`] when the signing key could not be fetched for too long,
    /// [`ErrorKind::Internal`] when signing fails.
    pub async fn application(&self) -> Result<Jwt, Error> {
        Ok(self.cached().await?.jwt.clone())
    }

    /// Returns that JWT as the value of an `authorization` header.
    pub(crate) async fn application_authorization(&self) -> Result<HeaderValue, Error> {
        Ok(self.cached().await?.authorization.clone())
    }

    /// Signs a new JWT that acts for a session, with the session id that the tokenizer sees.
    ///
    /// # Errors
    /// As [`application`](Self::application).
    pub async fn user(&self, session: &SessionId) -> Result<Jwt, Error> {
        let ring = self.0.keys.ring().await?;
        let _permit = self.permit().await?;
        let now = self.0.clock.now();
        self.count(self.signer(&ring, now)?.user(session, now))
    }

    pub(crate) async fn user_authorization(
        &self,
        session: &SessionId,
    ) -> Result<HeaderValue, Error> {
        authorization(&self.user(session).await?)
    }

    /// Signs a new JWT that transfers a session to the tokenizer, for one state.
    ///
    /// # Errors
    /// As [`application`](Self::application).
    pub async fn transfer(&self, session: &SessionId, state: &TransferState) -> Result<Jwt, Error> {
        let ring = self.0.keys.ring().await?;
        let _permit = self.permit().await?;
        let now = self.0.clock.now();
        self.count(self.signer(&ring, now)?.transfer(session, state, now))
    }

    /// Signs a new JWT for one request that destroys, as the value of an `authorization` header.
    pub(crate) async fn destroy_authorization(
        &self,
        route: &str,
        body: &[u8],
    ) -> Result<HeaderValue, Error> {
        let ring = self.0.keys.ring().await?;
        let _permit = self.permit().await?;
        let now = self.0.clock.now();
        authorization(&self.count(self.signer(&ring, now)?.destroy(route, body, now))?)
    }

    /// Returns the published keys, the signing key first.
    ///
    /// # Errors
    /// [`ErrorKind::SecretUnavailable`] when the keys could not be fetched for too long.
    pub async fn jwks(&self) -> Result<JwksDocument, Error> {
        let ring = self.0.keys.ring().await?;
        Ok(jwks_document(&ring.published(self.0.clock.now())))
    }

    /// Returns the published keys with their roles in the rotation.
    ///
    /// # Errors
    /// As [`jwks`](Self::jwks).
    pub async fn published(&self) -> Result<Vec<PublishedKey>, Error> {
        let ring = self.0.keys.ring().await?;
        let now = self.0.clock.now();
        let signing = ring.signing(now).map(|key| key.public_key().clone());
        let keys = ring.live(now).map(|key| {
            let public = key.key.public_key();
            PublishedKey {
                kid: public.thumbprint().to_owned(),
                bits: public.bits(),
                role: key.role,
                signs: signing.as_ref() == Some(public),
                signs_from: ring.signs_from(key),
            }
        });
        Ok(keys.collect())
    }

    /// Fetches the keys now, after a change of the secret. A new key is published at once, and signs when its
    /// [`delay`](crate::KeyRotation::delay) is over.
    ///
    /// # Errors
    /// [`ErrorKind::SecretUnavailable`], with the cause, when the keys cannot be fetched or are invalid. The
    /// previous keys then stay in use.
    pub async fn refresh(&self) -> Result<(), Error> {
        self.0.keys.refresh().await.map(drop)
    }

    /// Fetches the keys now, signs with the current one at once, and never publishes or uses an older one
    /// again. For an emergency, when an attacker may have an older key.
    ///
    /// The tokenizer refuses JWTs of the older keys once it fetches the key set: within
    /// [`AuthPlugin::JWKS_MAX_AGE`](lunadefend_core::adapter::AuthPlugin::JWKS_MAX_AGE), or when the first
    /// JWT of the new key arrives.
    ///
    /// # Security
    /// It affects only this process: call it in every replica. First remove the old version from the secret
    /// (in AWS Secrets Manager, its stage `AWSPREVIOUS`). Otherwise a replica that starts later would publish
    /// it.
    ///
    /// # Errors
    /// [`ErrorKind::SecretUnavailable`], with the cause, when the keys cannot be fetched. Nothing has changed
    /// then.
    pub async fn retire_now(&self) -> Result<(), Error> {
        self.refresh().await?;
        // No call may sign meanwhile, or the cache could keep a JWT of the old key.
        let _guard = self.0.refresh.lock().await;
        self.0.keys.retire_older().await;
        *self.slot_mut() = None;
        Ok(())
    }

    /// Returns the number of signatures made, for metrics.
    #[must_use]
    pub fn signatures(&self) -> u64 {
        self.0.signatures.load(Ordering::Relaxed)
    }

    async fn permit(&self) -> Result<tokio::sync::SemaphorePermit<'_>, Error> {
        let permit = self.0.signing.acquire().await;
        permit.map_err(|error| Error::new(ErrorKind::Internal).with_source(error))
    }

    fn count(&self, outcome: Result<Jwt, Error>) -> Result<Jwt, Error> {
        outcome.inspect(|_| {
            observe::signature();
            self.0.signatures.fetch_add(1, Ordering::Relaxed);
        })
    }

    fn signer(&self, ring: &KeyRing, now: SystemTime) -> Result<JwtSigner, Error> {
        let key = ring.signing(now).ok_or(ErrorKind::SecretUnavailable)?;
        let Inner {
            level,
            tokenizer_origin,
            ..
        } = &*self.0;
        Ok(JwtSigner::new(key.clone(), *level, tokenizer_origin))
    }

    async fn cached(&self) -> Result<Arc<Cached>, Error> {
        // Also when the cached JWT is good: this refreshes the keys in use, and fails when they are too old.
        self.0.keys.ring().await?;
        match self.state(self.0.clock.now()) {
            State::Fresh(cached) => Ok(cached),
            State::Stale(old) => match self.0.refresh.try_lock() {
                Ok(_guard) => self.renew(old),
                Err(_) => Ok(old),
            },
            State::Unusable => {
                let _guard = self.0.refresh.lock().await;
                let now = self.0.clock.now();
                match self.state(now) {
                    State::Fresh(cached) | State::Stale(cached) => Ok(cached),
                    State::Unusable => self.sign(now),
                }
            }
        }
    }

    fn renew(&self, old: Arc<Cached>) -> Result<Arc<Cached>, Error> {
        let now = self.0.clock.now();
        // The previous holder of the lock may have signed it.
        if let State::Fresh(cached) = self.state(now) {
            return Ok(cached);
        }
        self.sign(now).or_else(|error| {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the application's JWT could not be renewed; the old one is still used"
            );
            Ok(old)
        })
    }

    fn sign(&self, now: SystemTime) -> Result<Arc<Cached>, Error> {
        // Read only now: older keys may have been retired while this call waited.
        let ring = self.0.keys.last();
        let jwt = self.count(self.signer(&ring, now)?.application(now))?;
        let cached = Arc::new(Cached {
            authorization: authorization(&jwt)?,
            jwt,
        });
        *self.slot_mut() = Some(Arc::clone(&cached));
        Ok(cached)
    }

    fn slot_mut(&self) -> RwLockWriteGuard<'_, Option<Arc<Cached>>> {
        let slot = self.0.cached.write();
        slot.unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self, now: SystemTime) -> State {
        let slot = self.0.cached.read().unwrap_or_else(PoisonError::into_inner);
        let Some(cached) = slot.as_ref() else {
            return State::Unusable;
        };
        let (issued, expires) = (cached.jwt.issued_at(), cached.jwt.expires_at());
        if now >= expires || now + MAX_CLOCK_STEP < issued {
            return State::Unusable;
        }
        let age = now.duration_since(issued).unwrap_or_default();
        let life = expires.duration_since(issued).unwrap_or_default();
        if age < life.mul_f64(0.8) {
            State::Fresh(Arc::clone(cached))
        } else {
            State::Stale(Arc::clone(cached))
        }
    }
}

impl fmt::Debug for KeyService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyService")
            .field("keys", &self.0.keys)
            .field("signatures", &self.signatures())
            .finish_non_exhaustive()
    }
}

/// The JWT as it is sent: raw, because LunaSec's tokenizer refuses `Bearer `.
fn authorization(jwt: &Jwt) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::from_str(jwt.expose_secret())
        .map_err(|error| Error::new(ErrorKind::Internal).with_source(error))?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests;
