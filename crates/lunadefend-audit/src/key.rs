//! The audit key, from which all others are derived.

use crate::names::{Names, ProcessId};
use lunadefend_core::provider::SecretValue;
use lunadefend_crypto::{HmacKey, hex_decode, hkdf_sha256};
use std::fmt;
use zeroize::Zeroizing;

const CONTEXT: &[u8] = b"lunadefend-audit-1";

/// The operator's secret of 32 bytes. Whoever verifies needs it; a running process forgets it after its start.
///
/// # Security
/// Its owner can forge any line. Keep it out of reach of the running tokenizer, as docs/audit.md shows. `Debug` prints
/// none of it.
pub struct AuditKey(Zeroizing<[u8; 32]>);

/// Why a text is no audit key. It repeats nothing of the text.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditKeyError {
    /// The text is something else than 64 hexadecimal digits.
    #[error(
        "{origin} is no audit key: write 64 hexadecimal digits in small letters, such as `openssl rand -hex 32` prints"
    )]
    NotHex {
        /// Where the text came from.
        origin: String,
    },
    /// All bytes are equal, so nothing is secret about it.
    #[error("{origin} is not random: make an audit key with `openssl rand -hex 32`")]
    NotRandom {
        /// Where the text came from.
        origin: String,
    },
}

impl AuditKey {
    /// Reads a key as 64 hexadecimal digits. `origin` says in errors where it came from.
    ///
    /// # Errors
    /// An [`AuditKeyError`] for any other text, and for a key that cannot be random.
    pub fn from_secret(secret: &SecretValue, origin: &str) -> Result<Self, AuditKeyError> {
        let not_hex = || AuditKeyError::NotHex {
            origin: origin.to_owned(),
        };
        let text = std::str::from_utf8(secret.expose_secret().trim_ascii());
        let bytes = text.ok().and_then(hex_decode).map(Zeroizing::new);
        let bytes = bytes.ok_or_else(not_hex)?;
        let key: [u8; 32] = bytes.as_slice().try_into().map_err(|_| not_hex())?;
        if key.iter().all(|byte| *byte == key[0]) {
            return Err(AuditKeyError::NotRandom {
                origin: origin.to_owned(),
            });
        }
        Ok(Self(Zeroizing::new(key)))
    }

    /// Returns what names tokens and sessions in lines. It is the same for every process.
    #[must_use]
    pub fn names(&self) -> Names {
        Names::new(HmacKey::new(self.derive(b"", b"names").as_slice()))
    }

    /// Returns the key of the first line of a process.
    pub(crate) fn chain_of(&self, process: ProcessId) -> ChainKey {
        ChainKey(self.derive(process.as_bytes(), b"chain"))
    }

    fn derive(&self, salt: &[u8], purpose: &[u8]) -> Zeroizing<[u8; 32]> {
        hkdf_sha256(self.0.as_slice(), salt, &[CONTEXT, purpose])
    }
}

impl fmt::Debug for AuditKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuditKey(..)")
    }
}

/// The key of one line of a chain.
///
/// # Security
/// No earlier key follows from it: HKDF goes one way.
pub(crate) struct ChainKey(Zeroizing<[u8; 32]>);

impl ChainKey {
    /// Returns the MAC of a line after a line with the MAC `previous`.
    pub(crate) fn mac(&self, previous: &[u8; 32], body: &[u8]) -> [u8; 32] {
        HmacKey::new(self.0.as_slice()).tag(&[previous, body])
    }

    /// Replaces the key by that of the next line. Dropping the old one erases it.
    pub(crate) fn advance(&mut self) {
        self.0 = hkdf_sha256(self.0.as_slice(), b"", &[CONTEXT, b"next"]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Result<AuditKey, AuditKeyError> {
        AuditKey::from_secret(&SecretValue::new(text), "TEST_KEY")
    }

    #[test]
    fn a_key_has_one_spelling() {
        let good = "0123456789abcdef".repeat(4);
        assert!(key(&format!(" {good}\n")).is_ok());
        for bad in [
            String::new(),
            good[1..].to_owned(),
            good.to_uppercase(),
            format!("{good}00"),
            "correct horse battery staple".to_owned(),
        ] {
            let error = key(&bad).unwrap_err().to_string();
            assert!(error.starts_with("TEST_KEY is no audit key"), "{error}");
            assert!(bad.is_empty() || !error.contains(&bad));
        }
        let error = key(&"7".repeat(64)).unwrap_err().to_string();
        assert!(error.contains("not random"), "{error}");
    }

    #[test]
    fn keys_differ_by_process_and_by_line() {
        let key = key(&"5f0c".repeat(16)).unwrap();
        let process = || key.chain_of(ProcessId::random().unwrap());
        let (mut one, other) = (process(), process());
        let first = one.mac(&[0; 32], b"line");
        assert_ne!(first, other.mac(&[0; 32], b"line"));
        assert_ne!(first, one.mac(&[1; 32], b"line"));
        one.advance();
        assert_ne!(first, one.mac(&[0; 32], b"line"));
        assert_eq!(format!("{key:?}"), "AuditKey(..)");
    }
}
