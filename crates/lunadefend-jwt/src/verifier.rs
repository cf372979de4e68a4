//! A key set that remembers what it has verified.

use crate::{Claims, JwtError, JwtKind, JwtPolicy, KeySet, ParsedJwt, verify::Payload};
use lunadefend_crypto::sha256;
use std::{
    collections::HashMap,
    fmt,
    sync::{PoisonError, RwLock},
    time::SystemTime,
};

/// A key set with a cache of signatures that hold, since an RSA verification costs more than the rest of a request.
///
/// The cache says only: this exact text was signed by a key of this set, and these are its claims. They are judged each
/// time. It ends with the verifier, so make one for each key set that arrives.
///
/// # Security
/// It holds no JWTs: what it knows one by is its SHA-256, so what it remembers lets nobody in elsewhere. Only JWTs that have
/// passed are in it, so without the signing key nobody can fill it. Look-ups need no constant time: a caller who measures
/// one learns about a hash of their own text only. JWTs for one use are never in it.
pub struct JwtVerifier {
    keys: KeySet,
    passed: RwLock<HashMap<[u8; 32], Payload>>,
    capacity: usize,
}

impl JwtVerifier {
    /// Makes a verifier that remembers up to `capacity` JWTs, a few hundred bytes of each; 0 for none. When it is full it
    /// begins anew.
    #[must_use]
    pub fn new(keys: KeySet, capacity: usize) -> Self {
        Self {
            keys,
            passed: RwLock::default(),
            capacity,
        }
    }

    /// Returns the key set.
    #[must_use]
    pub const fn keys(&self) -> &KeySet {
        &self.keys
    }

    /// Verifies a JWT that has passed before, without parsing it again; `None` for any other text.
    #[must_use]
    pub fn verify_again(
        &self,
        compact: &str,
        policy: &JwtPolicy,
        now: SystemTime,
    ) -> Option<Result<Claims, JwtError>> {
        // One that is too long has not passed: it is not worth a hash.
        if self.capacity == 0 || compact.len() > ParsedJwt::MAX_LEN {
            return None;
        }
        let id = id_of(compact);
        let passed = self.passed.read().unwrap_or_else(PoisonError::into_inner);
        let payload = passed.get(&id)?;
        Some(payload.check(JwtKind::Plain, policy, now))
    }

    /// Verifies a JWT as [`ParsedJwt::verify`] does, by the keys that may have signed it.
    ///
    /// # Errors
    /// As [`ParsedJwt::verify`]; [`JwtError::UnknownKey`] when the set lacks the key of its `kid`.
    pub fn verify(
        &self,
        jwt: &ParsedJwt<'_>,
        policy: &JwtPolicy,
        now: SystemTime,
    ) -> Result<Claims, JwtError> {
        let candidates = self.keys.candidates(jwt.kid());
        let payload = jwt.verify_signature(candidates.ok_or(JwtError::UnknownKey)?)?;
        let claims = payload.check(jwt.kind(), policy, now)?;
        let is_for_many_uses = jwt.kind() == JwtKind::Plain;
        if self.capacity > 0 && is_for_many_uses {
            self.remember(id_of(jwt.compact()), payload);
        }
        Ok(claims)
    }

    fn remember(&self, id: [u8; 32], payload: Payload) {
        let mut passed = self.passed.write().unwrap_or_else(PoisonError::into_inner);
        // To forget all costs one verification for each that is still in use.
        if passed.len() >= self.capacity {
            passed.clear();
        }
        passed.insert(id, payload);
    }
}

/// Returns what a JWT is known by: the hash of all of it, with its signature.
fn id_of(compact: &str) -> [u8; 32] {
    sha256(compact.as_bytes())
}

impl fmt::Debug for JwtVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("JwtVerifier").field(&self.keys).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lunadefend_crypto::{SigningKey, base64url};
    use std::{sync::LazyLock, time::Duration};

    static KEY: LazyLock<SigningKey> = LazyLock::new(|| {
        SigningKey::parse(include_bytes!("../tests/fixtures/signing.pem"), "test").unwrap()
    });
    static OTHER: LazyLock<SigningKey> = LazyLock::new(|| {
        SigningKey::parse(include_bytes!("../tests/fixtures/other.pem"), "test").unwrap()
    });
    const ORIGIN: &str = "https://tokenizer.example.com";
    const NOW: u64 = 1_700_000_000;
    const PLAIN: &str = r#"{"alg":"RS256"}"#;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    /// A JWT with such an `iat` and other claims.
    fn mint(key: &SigningKey, header: &str, issued_at: u64, more: &str) -> String {
        let claims = format!(
            r#"{{"iat":{issued_at},"exp":{},"iss":"node-sdk","aud":"secure-frame"{more}}}"#,
            issued_at + 60
        );
        let input = [header, &claims]
            .map(|part| base64url(part.as_bytes()))
            .join(".");
        let signature = key.sign(input.as_bytes()).unwrap();
        format!("{input}.{}", base64url(&signature))
    }

    fn application(issued_at: u64) -> String {
        mint(&KEY, PLAIN, issued_at, r#","sub":"application""#)
    }

    fn verifier(capacity: usize) -> JwtVerifier {
        JwtVerifier::new(KeySet::single(KEY.public_key().clone()), capacity)
    }

    fn verify(verifier: &JwtVerifier, jwt: &str, now: u64) -> Result<Claims, JwtError> {
        verify_by(verifier, jwt, &JwtPolicy::new(ORIGIN), now)
    }

    fn verify_by(
        verifier: &JwtVerifier,
        jwt: &str,
        policy: &JwtPolicy,
        now: u64,
    ) -> Result<Claims, JwtError> {
        match verifier.verify_again(jwt, policy, at(now)) {
            Some(known) => known,
            None => verifier.verify(&ParsedJwt::parse(jwt).unwrap(), policy, at(now)),
        }
    }

    fn remembered(verifier: &JwtVerifier) -> usize {
        verifier.passed.read().unwrap().len()
    }

    /// Whether the verifier takes a JWT without looking at its signature: so it was remembered.
    fn knows(verifier: &JwtVerifier, jwt: &str) -> bool {
        let known = verifier.verify_again(jwt, &JwtPolicy::new(ORIGIN), at(NOW));
        known.is_some()
    }

    #[test]
    fn it_remembers_what_passed_and_nothing_else() {
        let verifier = verifier(8);
        let good = application(NOW);
        verify(&verifier, &good, NOW).unwrap();
        assert!(knows(&verifier, &good));
        // Wrong signature, expired, for nobody: none of them takes room.
        for (jwt, now) in [
            (mint(&OTHER, PLAIN, NOW, r#","sub":"application""#), NOW),
            (application(NOW - 100), NOW),
            (mint(&KEY, PLAIN, NOW, r#","sub":"stranger""#), NOW),
        ] {
            verify(&verifier, &jwt, now).unwrap_err();
        }
        assert_eq!(remembered(&verifier), 1);
    }

    #[test]
    fn a_known_text_does_not_speak_for_another_signature() {
        let verifier = verifier(8);
        let good = application(NOW);
        verify(&verifier, &good, NOW).unwrap();
        let (input, signature) = good.rsplit_once('.').unwrap();
        let other = mint(&OTHER, PLAIN, NOW, r#","sub":"application""#);
        let (of_other, others) = other.rsplit_once('.').unwrap();
        assert_eq!(input, of_other);
        let swapped = format!("{input}.{others}");
        assert_eq!(
            verify(&verifier, &swapped, NOW).unwrap_err(),
            JwtError::Signature
        );
        // Nor a signature for another text.
        let later = application(NOW + 1);
        let (later, _) = later.rsplit_once('.').unwrap();
        let moved = format!("{later}.{signature}");
        assert_eq!(
            verify(&verifier, &moved, NOW).unwrap_err(),
            JwtError::Signature
        );
    }

    #[test]
    fn claims_are_judged_each_time() {
        for capacity in [8, 1, 0] {
            let verifier = verifier(capacity);
            let jwt = application(NOW);
            for (now, expected) in [
                (NOW, None),
                (NOW + 64, None),
                (NOW + 65, Some(JwtError::Expired)),
                (NOW - 61, Some(JwtError::NotYetValid)),
                (NOW, None),
            ] {
                assert_eq!(
                    verify(&verifier, &jwt, now).err(),
                    expected,
                    "{capacity} {now}"
                );
            }
            // By another policy, too.
            let stranger = JwtPolicy::new(ORIGIN).with_issuers(["billing"]);
            let refused = verify_by(&verifier, &jwt, &stranger, NOW).unwrap_err();
            assert_eq!(refused, JwtError::Claim("iss"));
            let stranger = JwtPolicy::new(ORIGIN).with_audience("another");
            let refused = verify_by(&verifier, &jwt, &stranger, NOW).unwrap_err();
            assert_eq!(refused, JwtError::Claim("aud"));
        }
    }

    #[test]
    fn what_is_good_for_one_use_is_not_remembered() {
        let verifier = verifier(8);
        let transfer = mint(
            &KEY,
            r#"{"alg":"RS256","typ":"lunadefend-transfer+jwt"}"#,
            NOW,
            r#","sub":"user","session_id":"s","jti":"1","nonce":"n""#,
        );
        let destroy = mint(
            &KEY,
            r#"{"alg":"RS256","typ":"lunadefend-destroy+jwt"}"#,
            NOW,
            r#","sub":"application","tokenizer":"https://tokenizer.example.com","jti":"1","route":"/r","body_sha256":"h""#,
        );
        for jwt in [transfer, destroy] {
            verify(&verifier, &jwt, NOW).unwrap();
            assert_eq!(remembered(&verifier), 0);
        }
    }

    #[test]
    fn it_holds_no_more_than_its_capacity() {
        for capacity in [0, 1, 2, 3] {
            let verifier = verifier(capacity);
            for second in 0..8 {
                let jwt = application(NOW + second);
                for _ in 0..2 {
                    verify(&verifier, &jwt, NOW).unwrap();
                    assert_eq!(knows(&verifier, &jwt), capacity > 0);
                }
                assert!(remembered(&verifier) <= capacity, "{capacity}");
            }
        }
    }

    #[test]
    fn another_set_knows_nothing() {
        let jwt = application(NOW);
        let (before, after) = (
            verifier(8),
            JwtVerifier::new(KeySet::single(OTHER.public_key().clone()), 8),
        );
        verify(&before, &jwt, NOW).unwrap();
        for _ in 0..2 {
            assert_eq!(verify(&after, &jwt, NOW).unwrap_err(), JwtError::Signature);
        }
    }

    #[test]
    fn debug_shows_no_hash() {
        let verifier = verifier(8);
        let jwt = application(NOW);
        verify(&verifier, &jwt, NOW).unwrap();
        assert_eq!(
            format!("{verifier:?}"),
            format!("JwtVerifier({:?})", verifier.keys())
        );
    }
}
