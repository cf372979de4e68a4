//! Which key signs, and which keys are published, while one is replaced by another.

use lunadefend_core::{
    adapter::AuthPlugin,
    provider::{SecretVersion, SecretVersions},
};
use lunadefend_crypto::{KeyError, PublicKey, SigningKey};
use lunadefend_jwt::JwtSigner;
use lunadefend_secrets::RefreshPolicy;
use std::{
    cmp::Reverse,
    time::{Duration, SystemTime},
};

/// The clock skew that a tokenizer allows.
const CLOCK_SKEW: Duration = Duration::from_secs(60);

/// The times of a key rotation in which no JWT is refused.
///
/// A new key is published at once and signs later. By then every replica of the application has fetched and
/// published it. Every cache of the key set has fetched it since, including the tokenizer's own. The age is
/// that of the secret's version, so every replica decides alike, even one that has just started. A replaced
/// key stays published until the last JWT that any replica can have signed with it has expired.
///
/// While no key is that old, as in the first minutes of an installation, the key that signed before goes on.
/// A replaced key never signs again. There is one exception: an old version that is made the current one
/// again. It counts as new to each process that does not publish it already.
///
/// So rotate at most once in [`delay`](Self::delay) plus [`retention`](Self::retention): with the defaults
/// once in 40 minutes. Keep a pending version in the store until it becomes the current one. Do not create it
/// before its predecessor is current.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyRotation {
    refresh: RefreshPolicy,
    delay: Option<Duration>,
}

impl KeyRotation {
    /// Refreshes the keys by this policy.
    #[must_use]
    pub const fn new(refresh: RefreshPolicy) -> Self {
        Self {
            refresh,
            delay: None,
        }
    }

    /// Sets how old a new key must be before it signs, instead of the computed [`delay`](Self::delay).
    ///
    /// # Security
    /// If it is too short, tokenizers that have not fetched the new key yet refuse its JWTs.
    #[must_use]
    pub const fn with_delay(mut self, delay: Duration) -> Self {
        self.delay = Some(delay);
        self
    }

    /// Returns how often the keys are fetched.
    #[must_use]
    pub const fn refresh(&self) -> RefreshPolicy {
        self.refresh
    }

    /// Returns how old a version must be before it signs. By default this is the slowest fetch of a replica,
    /// twice [`AuthPlugin::JWKS_MAX_AGE`], and a minute of clock skew: 16.5 minutes.
    #[must_use]
    pub fn delay(&self) -> Duration {
        self.delay
            .unwrap_or_else(|| self.refresh.slowest() + AuthPlugin::JWKS_MAX_AGE * 2 + CLOCK_SKEW)
    }

    /// Returns how long a key stays published after its secret has gone. By then every other replica has
    /// noticed and the last JWT signed with the key has expired.
    #[must_use]
    pub fn retention(&self) -> Duration {
        self.refresh.slowest() + JwtSigner::LIFETIME + CLOCK_SKEW
    }
}

/// The role of a key in its rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyRole {
    /// The current version of the secret.
    Current,
    /// The version before it.
    Previous,
    /// The version after it: published, but never used to sign.
    Next,
    /// No longer a version, but JWTs signed with it may still be valid.
    Replaced,
}

/// The keys of a secret's versions, and the replaced keys before them.
#[derive(Clone, Debug)]
pub(crate) struct KeyRing {
    rotation: KeyRotation,
    /// Each key once.
    keys: Vec<RingKey>,
    /// When the versions were fetched.
    fetched_at: SystemTime,
    /// Keys that are never published or used again.
    retired: Vec<PublicKey>,
}

/// One key of a ring.
#[derive(Clone, Debug)]
pub(crate) struct RingKey {
    pub(crate) key: SigningKey,
    pub(crate) role: KeyRole,
    /// The time from which every replica could have fetched it.
    since: SystemTime,
    /// The time at which its publication ends.
    until: Option<SystemTime>,
}

impl KeyRing {
    /// Makes a ring of one key that is never replaced.
    pub(crate) fn fixed(key: SigningKey) -> Self {
        Self {
            rotation: KeyRotation::default(),
            keys: vec![RingKey {
                key,
                role: KeyRole::Current,
                since: SystemTime::UNIX_EPOCH,
                until: None,
            }],
            fetched_at: SystemTime::UNIX_EPOCH,
            retired: Vec::new(),
        }
    }

    /// Returns the ring after a fetch of these versions. `parse` makes a key from a version.
    ///
    /// # Errors
    /// When the current version is not a key. An invalid previous or next version is skipped with a warning:
    /// it must not block the current one.
    pub(crate) fn fetched(
        before: Option<&Self>,
        versions: &SecretVersions,
        rotation: KeyRotation,
        now: SystemTime,
        parse: impl Fn(&SecretVersion) -> Result<SigningKey, KeyError>,
    ) -> Result<Self, KeyError> {
        let mut ring = Self {
            rotation,
            keys: Vec::new(),
            fetched_at: now,
            retired: before.map(|ring| ring.retired.clone()).unwrap_or_default(),
        };
        let current = parse(&versions.current)?;
        // An operator who makes a retired key current again wants it back.
        ring.retired.retain(|key| key != current.public_key());
        ring.add(before, current, KeyRole::Current, current_since(versions));
        for (version, role) in [
            (&versions.previous, KeyRole::Previous),
            (&versions.next, KeyRole::Next),
        ] {
            let Some(version) = version else { continue };
            match parse(version) {
                Ok(key) => ring.add(before, key, role, version.created),
                Err(error) => tracing::warn!(
                    ?role,
                    error = &error as &dyn std::error::Error,
                    "a version of the signing key that is not in use is no key; it is left out"
                ),
            }
        }
        ring.keep_replaced(before);
        Ok(ring)
    }

    fn add(
        &mut self,
        before: Option<&Self>,
        key: SigningKey,
        role: KeyRole,
        created: Option<SystemTime>,
    ) {
        let public = key.public_key();
        if self.get(public).is_some() || self.retired.contains(public) {
            return;
        }
        let since = match before {
            Some(before) => match before.get(public) {
                Some(known) => known.since,
                // A version older than the last fetch, which that fetch did not return: it was made
                // elsewhere, or taken back. Its own time does not tell which replicas publish it.
                None => created
                    .filter(|created| *created + CLOCK_SKEW >= before.fetched_at)
                    .unwrap_or(self.fetched_at),
            },
            None => created.unwrap_or(self.fetched_at),
        };
        self.keys.push(RingKey {
            key,
            role,
            // A fetched version was made before now, whatever a clock says.
            since: since.min(self.fetched_at),
            until: None,
        });
    }

    /// Keeps the former keys that are no longer versions but may have signed.
    fn keep_replaced(&mut self, before: Option<&Self>) {
        let Some(before) = before else { return };
        // Until one of the versions may sign, a replaced key signs.
        let handover = self.keys.iter().filter(|key| key.role != KeyRole::Next);
        let handover = handover.map(|key| key.since + self.rotation.delay()).min();
        let last_use = handover.unwrap_or(self.fetched_at).max(self.fetched_at);
        for known in &before.keys {
            let until = known
                .until
                .unwrap_or_else(|| last_use + self.rotation.retention());
            let public = known.key.public_key();
            if known.role == KeyRole::Next
                || until <= self.fetched_at
                || self.get(public).is_some()
                || self.retired.contains(public)
            {
                continue;
            }
            self.keys.push(RingKey {
                role: KeyRole::Replaced,
                until: Some(until),
                ..known.clone()
            });
        }
    }

    /// Returns the key that signs at this time: the newest that may. While none may, the oldest key before
    /// the current one signs: it was published before, and no other key signs in between.
    pub(crate) fn signing(&self, now: SystemTime) -> Option<&SigningKey> {
        // In the order of the roles' ages, which is that of `keys`.
        let used = || self.live(now).filter(|key| key.role != KeyRole::Next);
        let ripe = |key: &&RingKey| key.since + self.rotation.delay() <= now;
        let before = used().filter(|key| key.role != KeyRole::Current);
        used()
            .find(ripe)
            // Among equals the last: it was replaced first.
            .or_else(|| before.max_by_key(|key| Reverse(key.since)))
            .or_else(|| used().next())
            .map(|key| &key.key)
    }

    /// Returns the keys that are published at this time, the signing key first.
    pub(crate) fn published(&self, now: SystemTime) -> Vec<PublicKey> {
        let signing = self.signing(now).map(SigningKey::public_key);
        let others = self.live(now).map(|key| key.key.public_key());
        let others = others.filter(|key| Some(*key) != signing);
        signing.into_iter().chain(others).cloned().collect()
    }

    /// Returns the keys that are published at this time, with their roles.
    pub(crate) fn live(&self, now: SystemTime) -> impl Iterator<Item = &RingKey> {
        self.keys
            .iter()
            .filter(move |key| key.until.is_none_or(|until| now < until))
    }

    /// Returns the time from which the current key signs.
    pub(crate) fn signs_from(&self, key: &RingKey) -> SystemTime {
        key.since + self.rotation.delay()
    }

    /// Returns a ring in which the current key signs at once, without any older key.
    pub(crate) fn without_older_keys(&self) -> Self {
        let (kept, retired): (Vec<_>, Vec<_>) = self
            .keys
            .iter()
            .cloned()
            .partition(|key| matches!(key.role, KeyRole::Current | KeyRole::Next));
        let retired = retired.iter().map(|key| key.key.public_key().clone());
        Self {
            keys: kept,
            retired: self.retired.iter().cloned().chain(retired).collect(),
            ..self.clone()
        }
    }

    fn get(&self, public: &PublicKey) -> Option<&RingKey> {
        self.keys.iter().find(|key| key.key.public_key() == public)
    }
}

/// Returns the time from which the current version has been published, as far as its own time tells. A
/// version older than the previous one was taken back: replicas may have stopped publishing it.
fn current_since(versions: &SecretVersions) -> Option<SystemTime> {
    let previous = versions
        .previous
        .as_ref()
        .and_then(|version| version.created);
    versions
        .current
        .created
        .filter(|created| previous.is_none_or(|previous| previous <= *created + CLOCK_SKEW))
}

#[cfg(test)]
mod tests;
