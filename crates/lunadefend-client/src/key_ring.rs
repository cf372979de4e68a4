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

/// How far two clocks may differ, and what a tokenizer allows for it.
const CLOCK_SKEW: Duration = Duration::from_secs(60);

/// The times by which a signing key is replaced without a refused JWT.
///
/// A new key is published at once and signs later: when it is so old that every replica of the
/// application has fetched and published it, and every cache of the key set on the way to the
/// tokenizer, and the tokenizer's own, has fetched it since. The age is that of the secret's version,
/// so that every replica decides alike, and one that has just started does too. A key that was replaced
/// stays published until the last JWT that any replica can have signed with it has expired.
///
/// While no key is that old, as in the first minutes of an installation, the one that signed goes on:
/// a key that was replaced never signs again. The exception is a version that is made the current one
/// again: it counts as new to each process that does not publish it already.
///
/// So rotate at most once in [`delay`](Self::delay) plus [`retention`](Self::retention): with the
/// defaults once in 40 minutes. A version that is pending must stay visible until it is the current
/// one, and must not be made before its predecessor became that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyRotation {
    refresh: RefreshPolicy,
    delay: Option<Duration>,
}

impl KeyRotation {
    /// Fetches keys again as a policy says.
    #[must_use]
    pub const fn new(refresh: RefreshPolicy) -> Self {
        Self {
            refresh,
            delay: None,
        }
    }

    /// Lets a new key sign when it is this old, whatever [`delay`](Self::delay) would be.
    ///
    /// # Security
    /// When it is too short, JWTs are refused by tokenizers that have not fetched the new key yet.
    #[must_use]
    pub const fn with_delay(mut self, delay: Duration) -> Self {
        self.delay = Some(delay);
        self
    }

    /// How often keys are fetched.
    #[must_use]
    pub const fn refresh(&self) -> RefreshPolicy {
        self.refresh
    }

    /// How old a version is before it signs: unless set, the slowest fetch of a replica, twice
    /// [`AuthPlugin::JWKS_MAX_AGE`], and a minute for clocks that differ. 16 minutes and a half by
    /// default.
    #[must_use]
    pub fn delay(&self) -> Duration {
        self.delay
            .unwrap_or_else(|| self.refresh.slowest() + AuthPlugin::JWKS_MAX_AGE * 2 + CLOCK_SKEW)
    }

    /// For how long a key is published after it was replaced and its secret is gone: until another
    /// replica has seen that too and the last JWT that it signed has expired.
    #[must_use]
    pub fn retention(&self) -> Duration {
        self.refresh.slowest() + JwtSigner::LIFETIME + CLOCK_SKEW
    }
}

/// What a key is in its rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyRole {
    /// The current version of the secret.
    Current,
    /// The version before it.
    Previous,
    /// The version after it: published, and never used.
    Next,
    /// No version any more, but JWTs that it signed may still be valid.
    Replaced,
}

/// The keys of a secret's versions, and what is remembered of those before.
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
    /// Since when every replica could have fetched it.
    since: SystemTime,
    /// When it stops being published.
    until: Option<SystemTime>,
}

impl KeyRing {
    /// A key that is never replaced.
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

    /// The ring after these versions were fetched. `parse` makes a key of a version.
    ///
    /// # Errors
    /// When the current version is not a key. A neighbour that is none is left out, with a warning: it
    /// must not keep the current one from being used.
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
        // An operator who makes a retired key current again means it.
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
                // A version that is older than our last look at the secret, and was not there: it was
                // made elsewhere, or taken back. Its own time says nothing about who publishes it.
                None => created
                    .filter(|created| *created + CLOCK_SKEW >= before.fetched_at)
                    .unwrap_or(self.fetched_at),
            },
            None => created.unwrap_or(self.fetched_at),
        };
        self.keys.push(RingKey {
            key,
            role,
            // What we have seen was made before now, whatever a clock says.
            since: since.min(self.fetched_at),
            until: None,
        });
    }

    /// Keeps the keys of the ring before that are no version any more but may have signed.
    fn keep_replaced(&mut self, before: Option<&Self>) {
        let Some(before) = before else { return };
        // Until one of the versions may sign, it is a replaced key that does.
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

    /// The key that signs at a time: the newest that may. While none may, the one before the current
    /// that will be the first to: it was published before, and no other key signs in between.
    pub(crate) fn signing(&self, now: SystemTime) -> Option<&SigningKey> {
        // In the order of the roles' ages, which is that of `keys`.
        let used = || self.live(now).filter(|key| key.role != KeyRole::Next);
        let ripe = |key: &&RingKey| key.since + self.rotation.delay() <= now;
        let before = used().filter(|key| key.role != KeyRole::Current);
        used()
            .find(ripe)
            // Of equal ones the last: it was replaced first.
            .or_else(|| before.max_by_key(|key| Reverse(key.since)))
            .or_else(|| used().next())
            .map(|key| &key.key)
    }

    /// The keys that are published at a time: first the one that signs.
    pub(crate) fn published(&self, now: SystemTime) -> Vec<PublicKey> {
        let signing = self.signing(now).map(SigningKey::public_key);
        let others = self.live(now).map(|key| key.key.public_key());
        let others = others.filter(|key| Some(*key) != signing);
        signing.into_iter().chain(others).cloned().collect()
    }

    /// The keys that are published at a time, with their roles.
    pub(crate) fn live(&self, now: SystemTime) -> impl Iterator<Item = &RingKey> {
        self.keys
            .iter()
            .filter(move |key| key.until.is_none_or(|until| now < until))
    }

    /// Since when the current key signs or will sign.
    pub(crate) fn signs_from(&self, key: &RingKey) -> SystemTime {
        key.since + self.rotation.delay()
    }

    /// The ring in which the current key signs and every older one is gone for good.
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

/// Since when the current version has been published, as far as its own time tells. One that was made
/// before the previous one was taken back: since then no replica may have published it.
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
