//! The session ids that the tokenizer sees.

use lunadefend_core::{Error, SessionId, provider::SecretValue};
use lunadefend_crypto::{HmacKey, base64url, length_prefixed, sha256};
use lunadefend_settings::bare_secret;

/// Separates this use of SHA-256 and of the session key from all others.
const DOMAIN: &[u8] = b"lunadefend session id v1";

/// How an application's session id is sent to the tokenizer.
///
/// Every part of an application, and every application that shares a tokenizer's grants, must use the same. A
/// change makes all live grants unusable. The signing key does not affect it.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum SessionIds {
    /// The session id's SHA-256, the default: the value of the session cookie never leaves the application.
    ///
    /// # Security
    /// Enough for session ids with at least 128 random bits; an attacker can guess others from their hash.
    #[default]
    Hashed,
    /// The session id's HMAC-SHA256 with the application's own key: also safe for guessable session ids.
    Keyed(SessionIdKey),
    /// The session id itself, as LunaSec's SDK sends it: for an application that shares a tokenizer
    /// with a Node application.
    ///
    /// # Security
    /// The tokenizer learns the session id, often the value of the session cookie. So does every log that
    /// records a session transfer.
    Raw,
}

impl SessionIds {
    /// Uses an HMAC with this key.
    ///
    /// # Errors
    /// [`SessionIdKeyError`] when the key is shorter than 32 bytes.
    pub fn keyed(key: &[u8]) -> Result<Self, SessionIdKeyError> {
        SessionIdKey::new(key).map(Self::Keyed)
    }

    /// Uses an HMAC with the key in a secret: see [`SessionIdKey::from_secret`].
    ///
    /// # Errors
    /// [`SessionIdKeyError`] when the key is shorter than 32 bytes.
    pub fn keyed_by(secret: &SecretValue) -> Result<Self, SessionIdKeyError> {
        SessionIdKey::from_secret(secret).map(Self::Keyed)
    }

    /// Returns the session id as the tokenizer knows it. The client sends it by itself; an operator who ends a session
    /// at the tokenizer needs it too.
    ///
    /// # Errors
    /// None for a session id within the bounds of [`SessionId`].
    pub fn on_the_wire(&self, session: &SessionId) -> Result<SessionId, Error> {
        let id = session.expose_id().as_bytes();
        match self {
            Self::Hashed => SessionId::new(base64url(&sha256(&length_prefixed([DOMAIN, id])))),
            Self::Keyed(key) => SessionId::new(base64url(&key.0.tag(&[DOMAIN, id]))),
            Self::Raw => Ok(session.clone()),
        }
    }
}

/// The key of [`SessionIds::Keyed`]. `Debug` prints none of it.
#[derive(Clone, Debug)]
pub struct SessionIdKey(HmacKey);

/// The error for a session key that is too short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a session key must have 32 bytes or more: make one with `openssl rand -base64 32`")]
pub struct SessionIdKeyError;

impl SessionIdKey {
    /// The shortest key, in bytes.
    pub const MIN_LEN: usize = 32;

    /// Makes a key from at least [`SessionIdKey::MIN_LEN`] bytes, used unchanged.
    ///
    /// # Errors
    /// [`SessionIdKeyError`] for a shorter key.
    pub fn new(key: &[u8]) -> Result<Self, SessionIdKeyError> {
        if key.len() < Self::MIN_LEN {
            return Err(SessionIdKeyError);
        }
        Ok(Self(HmacKey::new(key)))
    }

    /// Makes a key from a secret provider's value, so that every provider gives the same key. From a text it
    /// removes blanks and line ends around it and one pair of quotes; bytes that are not text stay unchanged.
    /// The result must have [`SessionIdKey::MIN_LEN`] bytes.
    ///
    /// ```
    /// use lunadefend_client::SessionIdKey;
    /// use lunadefend_core::provider::SecretValue;
    ///
    /// let key = "0123456789abcdef".repeat(2);
    /// assert!(SessionIdKey::from_secret(&SecretValue::new(format!("{key}\n"))).is_ok());
    /// assert!(SessionIdKey::from_secret(&SecretValue::new(format!("{}\n", &key[1..]))).is_err());
    /// ```
    ///
    /// # Errors
    /// [`SessionIdKeyError`] for a shorter key.
    pub fn from_secret(secret: &SecretValue) -> Result<Self, SessionIdKeyError> {
        Self::new(bare_secret(secret.expose_secret()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn wire(ids: &SessionIds, id: &str) -> String {
        let session = SessionId::new(id).unwrap();
        ids.on_the_wire(&session).unwrap().expose_id().to_owned()
    }

    /// Computed with Python's hashlib and hmac: other applications must be able to agree with us.
    #[test]
    fn known_answers() {
        assert_eq!(
            wire(&SessionIds::Hashed, "session-abc"),
            "94AgCStMEksB27IX7v1Ep9SyUmSgsJV3cePAnDO2MjE"
        );
        let keyed = SessionIds::keyed(&[7; 32]).unwrap();
        assert_eq!(
            wire(&keyed, "session-abc"),
            "-mk_mP_W6aFoPIOdxDlQ2yLti_wgSIAbQRsZh5wgpg8"
        );
        assert_eq!(wire(&SessionIds::Raw, "session-abc"), "session-abc");
    }

    #[test]
    fn a_session_key_is_the_same_key_whichever_way_it_came() {
        let key = "q0FbJ3m1Zk2Xv8sT5uYw7RdLhGc9NaPe";
        let of = |secret: Vec<u8>| {
            let ids = SessionIds::keyed_by(&SecretValue::new(secret));
            ids.map(|ids| wire(&ids, "session-abc"))
        };
        let expected = of(key.into()).unwrap();
        assert_eq!(
            expected,
            wire(&SessionIds::keyed(key.as_bytes()).unwrap(), "session-abc")
        );
        for (before, after) in [
            ("", "\n"),
            ("", "\r\n"),
            ("", "\r"),
            ("", "\n\n"),
            (" ", "\t\n"),
            ("\"", "\""),
            ("'", "'\n"),
            ("\u{feff}", "\r\n"),
        ] {
            let text = format!("{before}{key}{after}");
            assert_eq!(of(text.clone().into()), Ok(expected.clone()), "{text:?}");
            // What is around it does not make up for what is missing.
            let short = format!("{before}{}{after}", &key[1..]);
            assert_eq!(
                of(short.clone().into()),
                Err(SessionIdKeyError),
                "{short:?}"
            );
        }
        let mut bytes = vec![0xa7; 31];
        bytes.push(b'\n');
        assert_eq!(
            of(bytes.clone()).unwrap(),
            wire(&SessionIds::keyed(&bytes).unwrap(), "session-abc"),
            "bytes are taken as they are"
        );
    }

    #[test]
    fn short_keys_are_refused_and_keys_never_shown() {
        assert_eq!(SessionIds::keyed(&[7; 31]).err(), Some(SessionIdKeyError));
        let shown = format!(
            "{:?}",
            SessionIds::keyed(b"canary canary canary canary canary")
        );
        assert!(!shown.contains("canary"), "{shown}");
    }

    proptest! {
        #[test]
        fn different_sessions_stay_different(a in "\\PC{1,40}", b in "\\PC{1,40}") {
            let keyed = SessionIds::keyed(&[7; 32]).unwrap();
            for ids in [SessionIds::Hashed, keyed, SessionIds::Raw] {
                prop_assert_eq!(wire(&ids, &a) == wire(&ids, &b), a == b);
            }
            prop_assert!(!wire(&SessionIds::Hashed, &a).contains(&a) || a.len() < 4);
        }

        /// Nothing is left out of bytes, and of a text only what is around it.
        #[test]
        fn of_a_secret_the_middle_is_the_key(secret: Vec<u8>) {
            let kept = bare_secret(&secret);
            prop_assert!(secret.windows(kept.len().max(1)).any(|part| part == kept) || kept.is_empty());
            prop_assert!(std::str::from_utf8(&secret).is_ok() || kept == secret);
        }

        #[test]
        fn every_session_id_has_a_wire_form(id in "\\PC{1,256}") {
            let longest = "s".repeat(SessionId::MAX_LEN);
            for id in [&id, &longest] {
                prop_assert_eq!(wire(&SessionIds::Hashed, id).len(), 43);
            }
        }
    }
}
