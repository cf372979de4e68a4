//! The source of the signing keys: one fixed key, or a secret that is rotated.

use crate::{KeyRotation, key_ring::KeyRing};
use lunadefend_core::{
    Error, ErrorKind,
    provider::{Clock, SecretError, SecretProvider, SecretVersion},
};
use lunadefend_crypto::{KeyError, SigningKey};
use lunadefend_secrets::SecretCache;
use std::{fmt, sync::Arc};

/// The keys that an application signs with. Cheap to clone; clones share the keys.
///
/// A [`SigningKey`] converts into keys that are never replaced.
#[derive(Clone)]
pub struct SigningKeys(Source);

#[derive(Clone)]
enum Source {
    Fixed(Arc<KeyRing>),
    Secret(SecretCache<KeyRing, SigningKeysError>),
}

/// Why a signing key cannot be loaded or used. The texts name its source, and contain no part of it.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum SigningKeysError {
    /// The secret cannot be fetched.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The secret is not a usable key.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// Prints the same as `Display`, with the causes, for a `main` that returns the error.
impl fmt::Debug for SigningKeysError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        lunadefend_core::provider::fmt_with_causes(self, f)
    }
}

/// Whether the demo key in LunaSec's published sources may sign.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DemoKey {
    /// The demo key is refused.
    #[default]
    Refused,
    /// The demo key is a key like any other: for development.
    ///
    /// # Security
    /// That key is public.
    Allowed,
}

impl SigningKeys {
    /// Fetches the keys of a secret, and refreshes them while they are in use: see [`KeyRotation`].
    ///
    /// # Errors
    /// [`SigningKeysError`] when the secret cannot be fetched now, or its current version is not a key. After
    /// a later failure, the last keys are used for up to
    /// [`RefreshPolicy::max_age`](lunadefend_secrets::RefreshPolicy::max_age).
    pub async fn load(
        provider: Arc<dyn SecretProvider>,
        rotation: KeyRotation,
        demo_key: DemoKey,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SigningKeysError> {
        let origin = provider.origin();
        let parse = move |version: &SecretVersion| {
            let secret = version.value.expose_secret();
            let origin = version.origin.as_deref().unwrap_or(&origin);
            match demo_key {
                DemoKey::Refused => SigningKey::parse(secret, origin),
                DemoKey::Allowed => SigningKey::parse_allowing_demo_key(secret, origin),
            }
        };
        let cache = SecretCache::load(
            provider,
            rotation.refresh(),
            clock,
            move |before, versions, now| {
                let ring = KeyRing::fetched(before, &versions, rotation, now, &parse)?;
                Ok::<_, SigningKeysError>(ring)
            },
        );
        Ok(Self(Source::Secret(cache.await?)))
    }

    /// Returns the current keys.
    pub(crate) async fn ring(&self) -> Result<Arc<KeyRing>, Error> {
        match &self.0 {
            Source::Fixed(ring) => Ok(Arc::clone(ring)),
            Source::Secret(cache) => cache.get().await.map_err(unavailable),
        }
    }

    /// Returns the keys of the last call of `ring`.
    pub(crate) fn last(&self) -> Arc<KeyRing> {
        match &self.0 {
            Source::Fixed(ring) => Arc::clone(ring),
            Source::Secret(cache) => cache.last(),
        }
    }

    pub(crate) async fn refresh(&self) -> Result<Arc<KeyRing>, Error> {
        match &self.0 {
            Source::Fixed(ring) => Ok(Arc::clone(ring)),
            Source::Secret(cache) => cache.refresh().await.map_err(unavailable),
        }
    }

    pub(crate) async fn retire_older(&self) {
        if let Source::Secret(cache) = &self.0 {
            cache.update(KeyRing::without_older_keys).await;
        }
    }
}

fn unavailable(cause: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::SecretUnavailable).with_source(cause)
}

impl From<SigningKey> for SigningKeys {
    fn from(key: SigningKey) -> Self {
        Self(Source::Fixed(Arc::new(KeyRing::fixed(key))))
    }
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::Fixed(ring) => f.debug_tuple("SigningKeys").field(ring).finish(),
            Source::Secret(cache) => f.debug_tuple("SigningKeys").field(cache).finish(),
        }
    }
}
