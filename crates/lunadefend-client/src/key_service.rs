//! The signing key, and the application's JWT that is signed once and used many times.

use http::HeaderValue;
use lunadefend_core::{Clock, Error, ErrorKind, JwksDocument, SessionId, TransferState};
use lunadefend_crypto::{PublicKey, SigningKey};
use lunadefend_jwt::{Jwt, JwtSigner, WireLevel, jwks_document};
use std::{
    fmt,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};
use tokio::sync::{Mutex, Semaphore};

/// How far a clock may be set back before a JWT that was issued "later" is signed anew: a tokenizer
/// refuses one that is 60 s ahead.
const MAX_CLOCK_STEP: Duration = Duration::from_secs(30);

/// The key that JWTs are signed with, and the public keys that are published.
#[derive(Clone, Debug)]
pub struct KeyRing {
    signing: SigningKey,
    published: Vec<PublicKey>,
}

impl KeyRing {
    /// Signs with a key and publishes its public half.
    #[must_use]
    pub fn new(signing: SigningKey) -> Self {
        let published = vec![signing.public_key().clone()];
        Self { signing, published }
    }

    /// Publishes another key beside it: one that was signed with before, or will be.
    #[must_use]
    pub fn publish(mut self, key: PublicKey) -> Self {
        if !self.published.contains(&key) {
            self.published.push(key);
        }
        self
    }
}

impl From<SigningKey> for KeyRing {
    fn from(signing: SigningKey) -> Self {
        Self::new(signing)
    }
}

/// Signs the JWTs of an application. Cheap to clone; clones share the cached JWT.
///
/// The application's own JWT is signed once and handed out until 80 % of its life has passed. Then one
/// caller signs the next one while all others go on with the old.
#[derive(Clone)]
pub struct KeyService(Arc<Inner>);

struct Inner {
    signer: JwtSigner,
    jwks: JwksDocument,
    clock: Arc<dyn Clock>,
    cached: RwLock<Option<Arc<Cached>>>,
    refresh: Mutex<()>,
    /// A signature keeps a processor busy; more at once than there are processors only delays the
    /// others.
    signing: Semaphore,
    signatures: AtomicU64,
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
    /// Signs with the keys of `ring` for the tokenizer at `tokenizer_origin`, such as
    /// `https://tokenizer.example.com`.
    #[must_use]
    pub fn new(
        ring: KeyRing,
        level: WireLevel,
        tokenizer_origin: &str,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self(Arc::new(Inner {
            jwks: jwks_document(&ring.published),
            signer: JwtSigner::new(ring.signing, level, tokenizer_origin),
            clock,
            cached: RwLock::new(None),
            refresh: Mutex::new(()),
            signing: Semaphore::new(processors),
            signatures: AtomicU64::new(0),
        }))
    }

    /// The application's own JWT, for grants.
    ///
    /// # Errors
    /// [`ErrorKind::Internal`] when signing fails.
    pub async fn application(&self) -> Result<Jwt, Error> {
        Ok(self.cached().await?.jwt.clone())
    }

    /// The same as the value of an `authorization` header.
    pub(crate) async fn application_authorization(&self) -> Result<HeaderValue, Error> {
        Ok(self.cached().await?.authorization.clone())
    }

    /// A new JWT that acts for a session, as the tokenizer knows it.
    ///
    /// # Errors
    /// [`ErrorKind::Internal`] when signing fails.
    pub async fn user(&self, session: &SessionId) -> Result<Jwt, Error> {
        let _permit = self.permit().await?;
        self.count(self.0.signer.user(session, self.0.clock.now()))
    }

    pub(crate) async fn user_authorization(
        &self,
        session: &SessionId,
    ) -> Result<HeaderValue, Error> {
        authorization(&self.user(session).await?)
    }

    /// A new JWT that moves a session to the tokenizer, for one state.
    ///
    /// # Errors
    /// [`ErrorKind::Internal`] when signing fails.
    pub async fn transfer(&self, session: &SessionId, state: &TransferState) -> Result<Jwt, Error> {
        let _permit = self.permit().await?;
        let now = self.0.clock.now();
        self.count(self.0.signer.transfer(session, state, now))
    }

    /// The published keys.
    #[must_use]
    pub fn jwks(&self) -> JwksDocument {
        self.0.jwks.clone()
    }

    /// How many signatures were made, for metrics.
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
            self.0.signatures.fetch_add(1, Ordering::Relaxed);
        })
    }

    async fn cached(&self) -> Result<Arc<Cached>, Error> {
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
        // Whoever had the lock before may have done it.
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
        let jwt = self.count(self.0.signer.application(now))?;
        let cached = Arc::new(Cached {
            authorization: authorization(&jwt)?,
            jwt,
        });
        let mut slot = self
            .0
            .cached
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *slot = Some(Arc::clone(&cached));
        Ok(cached)
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
            .field("signer", &self.0.signer)
            .field("signatures", &self.signatures())
            .finish_non_exhaustive()
    }
}

/// The JWT as it is sent: raw, because the original refuses `Bearer `.
fn authorization(jwt: &Jwt) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::from_str(jwt.expose_secret())
        .map_err(|error| Error::new(ErrorKind::Internal).with_source(error))?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests;
