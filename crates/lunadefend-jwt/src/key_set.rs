//! The key set by which a tokenizer verifies.

use crate::{JwksError, LEGACY_KID};
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse};
use lunadefend_core::wire::{self, StrictError, from_slice};
use lunadefend_crypto::{PublicKey, base64url_decode};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::fmt;

/// The public keys of an application, by `kid`.
///
/// ```
/// use lunadefend_jwt::{JwksError, KeySet};
///
/// assert_eq!(KeySet::parse(br#"{"keys":[]}"#).unwrap_err(), JwksError::NoUsableKey);
/// ```
#[derive(Clone)]
pub struct KeySet(Keys);

#[derive(Clone)]
enum Keys {
    Single(PublicKey),
    Named(Vec<(Option<String>, PublicKey)>),
}

/// A trusted key set needs few keys; each costs a verification.
const MAX_CANDIDATES: usize = 4;
const MAX_KEYS: usize = 16;
const MAX_BYTES: usize = 64 * 1024;

impl KeySet {
    /// Parses a JSON Web Key Set (RFC 7517) of at most 64 KiB and 16 keys.
    ///
    /// It skips keys that are not for RS256 signatures, and malformed or unsafe keys, as RFC 7517 section 5
    /// says. It also skips the demo key that LunaSec publishes.
    ///
    /// # Errors
    /// A [`JwksError`], also for a set with a private key, or with one `kid` for two keys.
    pub fn parse(json: &[u8]) -> Result<Self, JwksError> {
        Self::read(json, |key| !key.is_demo_key())
    }

    /// Parses like [`parse`](Self::parse), but keeps the demo key.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    ///
    /// # Security
    /// For development only: anyone can sign with the demo key.
    pub fn parse_allowing_demo_key(json: &[u8]) -> Result<Self, JwksError> {
        Self::read(json, |_| true)
    }

    /// Makes a set of one configured key, which ignores the `kid` of a JWT.
    #[must_use]
    pub const fn single(key: PublicKey) -> Self {
        Self(Keys::Single(key))
    }

    /// Returns the keys that may have signed a JWT with this `kid`, or `None` for an unknown `kid`.
    ///
    /// Without a `kid`, and with [`LEGACY_KID`], these are the first four different keys.
    #[must_use]
    pub fn candidates(&self, kid: Option<&str>) -> Option<Vec<&PublicKey>> {
        let keys = match &self.0 {
            Keys::Single(key) => return Some(vec![key]),
            Keys::Named(keys) => keys,
        };
        if let Some(kid) = kid.filter(|kid| *kid != LEGACY_KID) {
            return keys
                .iter()
                .find(|(name, _)| name.as_deref() == Some(kid))
                .map(|(_, key)| vec![key]);
        }
        let mut candidates = Vec::new();
        for (_, key) in keys {
            if candidates.len() < MAX_CANDIDATES && !candidates.contains(&key) {
                candidates.push(key);
            }
        }
        Some(candidates)
    }

    fn read(json: &[u8], is_trusted: impl Fn(&PublicKey) -> bool) -> Result<Self, JwksError> {
        if json.len() > MAX_BYTES {
            return Err(JwksError::TooLarge);
        }
        let document: Document = from_slice(json, wire::REQUEST).map_err(|error| match error {
            StrictError::TooLarge(_) => JwksError::TooLarge,
            other => JwksError::Malformed(other),
        })?;
        if document.keys.len() > MAX_KEYS {
            return Err(JwksError::TooManyKeys);
        }
        let mut named: Vec<(Option<String>, PublicKey)> = Vec::new();
        let mut left_out = JwksError::NoUsableKey;
        for members in document.keys {
            if PRIVATE_MEMBERS
                .iter()
                .any(|name| members.contains_key(*name))
            {
                return Err(JwksError::PrivateKey);
            }
            let Some((kid, key)) = signature_key(members) else {
                continue;
            };
            if !is_trusted(&key) {
                left_out = JwksError::DemoKey;
                continue;
            }
            let is_other = |(name, other): &(Option<String>, PublicKey)| {
                kid.is_some() && *name == kid && *other != key
            };
            if named.iter().any(is_other) {
                return Err(JwksError::AmbiguousKid);
            }
            named.push((kid, key));
        }
        if named.is_empty() {
            return Err(left_out);
        }
        Ok(Self(Keys::Named(named)))
    }
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Prints thumbprints only: a `kid` is arbitrary text of a peer.
        match &self.0 {
            Keys::Single(key) => f.debug_tuple("KeySet").field(key).finish(),
            Keys::Named(keys) => f
                .debug_list()
                .entries(keys.iter().map(|(_, key)| key))
                .finish(),
        }
    }
}

/// RFC 7518 sections 6.2.2, 6.3.2 and 6.4.1: the members that only private or symmetric keys have.
const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

#[derive(Deserialize)]
struct Document {
    keys: Vec<Map<String, Value>>,
}

/// Returns the key, if it is an RSA key for RS256 signatures.
fn signature_key(members: Map<String, Value>) -> Option<(Option<String>, PublicKey)> {
    let jwk: Jwk = serde_json::from_value(Value::Object(members)).ok()?;
    let AlgorithmParameters::RSA(rsa) = jwk.algorithm else {
        return None;
    };
    let common = jwk.common;
    let is_for_signatures = matches!(common.public_key_use, None | Some(PublicKeyUse::Signature))
        && matches!(common.key_algorithm, None | Some(KeyAlgorithm::RS256))
        && common
            .key_operations
            .is_none_or(|operations| operations.contains(&KeyOperations::Verify));
    if !is_for_signatures {
        return None;
    }
    let (n, e) = (base64url_decode(&rsa.n)?, base64url_decode(&rsa.e)?);
    let key = PublicKey::from_components(&n, &e).ok()?;
    Some((common.key_id, key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_key_is_left_out() {
        let [demo, other] = [1, 2].map(|number| {
            let mut n = [0xff; 256];
            n[1] = number;
            PublicKey::from_components(&n, &[1, 0, 1]).unwrap()
        });
        let document = crate::jwks_document(&[demo.clone(), other.clone()]).body;
        let is_trusted = |key: &PublicKey| *key != demo;
        let set = KeySet::read(&document, is_trusted).unwrap();
        assert_eq!(set.candidates(None).unwrap(), [&other]);
        assert!(set.candidates(Some(demo.thumbprint())).is_none());
        assert_eq!(set.candidates(Some(LEGACY_KID)).unwrap(), [&other]);
        let alone = crate::jwks_document(std::slice::from_ref(&demo)).body;
        assert_eq!(
            KeySet::read(&alone, is_trusted).unwrap_err(),
            JwksError::DemoKey
        );
        assert!(KeySet::parse_allowing_demo_key(&alone).is_ok());
    }
}
