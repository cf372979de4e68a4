//! The master key: the one secret outside the store.

use lunadefend_core::provider::SecretValue;
use lunadefend_crypto::{
    CryptoError, base64url_decode, constant_time_eq, hex, hex_decode, random_bytes,
};
use secrecy::SecretString;
use std::{fmt, sync::Arc};
use zeroize::Zeroizing;

/// The key that seals the key ring of a store: 32 random bytes. `Debug` prints none of them.
///
/// The keys of the ring encrypt the store, and this key encrypts the ring. Keep a copy of it, apart from the
/// copies of the store. An attacker with both reads every value; without the key every value is lost.
#[derive(Clone)]
pub struct MasterKey(Arc<Zeroizing<[u8; 32]>>);

impl MasterKey {
    /// Reads a key from a secret. It accepts 64 hexadecimal digits, base64 (standard or url-safe, with or
    /// without padding) of 32 bytes, or exactly 32 bytes that are not text. Blanks and line ends around text
    /// are ignored. `origin` names the source of the secret, for errors.
    ///
    /// ```
    /// use lunadefend_core::provider::SecretValue;
    /// use lunadefend_vault::MasterKey;
    ///
    /// let text = SecretValue::new("5f0c".repeat(16));
    /// assert!(MasterKey::from_secret(&text, "environment variable MASTER_KEY").is_ok());
    /// let phrase = SecretValue::new("correct horse battery staple");
    /// assert!(MasterKey::from_secret(&phrase, "environment variable MASTER_KEY").is_err());
    /// ```
    ///
    /// # Errors
    /// A [`MasterKeyError`] that names the origin and the problem, and repeats nothing of the secret.
    pub fn from_secret(secret: &SecretValue, origin: &str) -> Result<Self, MasterKeyError> {
        let origin = || origin.to_owned();
        let bytes = secret.expose_secret();
        let is_text = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
        let key = if bytes.iter().all(is_text) {
            let text = bytes.trim_ascii();
            if text.is_empty() {
                return Err(MasterKeyError::Empty { origin: origin() });
            }
            let decoded =
                decode(text).ok_or_else(|| MasterKeyError::NotEncoded { origin: origin() })?;
            exactly_32(&decoded, origin)?
        } else {
            exactly_32(bytes, origin)?
        };
        if key.iter().all(|byte| *byte == key[0]) {
            return Err(MasterKeyError::NotRandom { origin: origin() });
        }
        Ok(Self(Arc::new(key)))
    }

    /// Makes a random key. Returns it with its text form, to be kept: 64 hexadecimal digits.
    ///
    /// # Errors
    /// [`MasterKeyError::Random`] when the operating system has no randomness.
    pub fn generate() -> Result<(Self, SecretString), MasterKeyError> {
        let key = Zeroizing::new(random_bytes().map_err(MasterKeyError::Random)?);
        let text = SecretString::from(hex(key.as_slice()));
        Ok((Self(Arc::new(key)), text))
    }

    pub(crate) fn is(&self, other: &Self) -> bool {
        constant_time_eq(self.expose_secret(), other.expose_secret())
    }

    pub(crate) fn expose_secret(&self) -> &[u8] {
        self.0.as_slice()
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(..)")
    }
}

/// The master keys that open a store: one, or two while one takes the place of the other.
///
/// With the next key given beside the present one, every process of a store goes on when
/// [`Vault::rotate_master`](crate::Vault::rotate_master) changes it, and none has to be restarted at that moment.
#[derive(Clone, Debug)]
pub struct MasterKeys {
    present: MasterKey,
    next: Option<MasterKey>,
}

impl MasterKeys {
    /// Returns the same present key, and the one that is to take its place, if any.
    #[must_use]
    pub fn with_next(self, next: impl Into<Option<MasterKey>>) -> Self {
        Self {
            next: next.into(),
            ..self
        }
    }

    pub(crate) const fn present(&self) -> &MasterKey {
        &self.present
    }

    pub(crate) const fn next(&self) -> Option<&MasterKey> {
        self.next.as_ref()
    }

    /// The keys in the order in which they are tried.
    pub(crate) fn each(&self) -> impl Iterator<Item = &MasterKey> {
        std::iter::once(&self.present).chain(&self.next)
    }
}

impl From<MasterKey> for MasterKeys {
    fn from(present: MasterKey) -> Self {
        Self {
            present,
            next: None,
        }
    }
}

impl From<&MasterKey> for MasterKeys {
    fn from(present: &MasterKey) -> Self {
        present.clone().into()
    }
}

fn exactly_32(
    bytes: &[u8],
    origin: impl Fn() -> String,
) -> Result<Zeroizing<[u8; 32]>, MasterKeyError> {
    let key = <[u8; 32]>::try_from(bytes).map_err(|_| MasterKeyError::Length {
        origin: origin(),
        found: bytes.len(),
    })?;
    Ok(Zeroizing::new(key))
}

/// Text of only hexadecimal digits is hexadecimal, whatever its length: 16 bytes in hexadecimal would also
/// pass for 24 bytes of base64.
fn decode(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let text = Zeroizing::new(String::from_utf8(text.to_vec()).ok()?);
    if text.len().is_multiple_of(2) && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let lower = Zeroizing::new(text.to_ascii_lowercase());
        return hex_decode(&lower).map(Zeroizing::new);
    }
    let padding = text.len() - text.trim_end_matches('=').len();
    if padding > 2 || (padding > 0 && !text.len().is_multiple_of(4)) {
        return None;
    }
    let url_safe = text.trim_end_matches('=').bytes().map(|byte| match byte {
        b'+' => '-',
        b'/' => '_',
        byte => char::from(byte),
    });
    let url_safe = Zeroizing::new(url_safe.collect::<String>());
    base64url_decode(&url_safe).map(Zeroizing::new)
}

/// Why reading or making a master key failed. No text contains any part of the key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MasterKeyError {
    /// The secret is empty or blank.
    #[error(
        "the master key from {origin} is empty: set it to 64 hexadecimal digits (openssl rand -hex 32)"
    )]
    Empty {
        /// Where it is from.
        origin: String,
    },
    /// The text is neither hexadecimal nor base64.
    #[error(
        "the master key from {origin} is neither hexadecimal nor base64; a pass phrase is not a key: use 64 hexadecimal digits (openssl rand -hex 32)"
    )]
    NotEncoded {
        /// Where it is from.
        origin: String,
    },
    /// The key does not have 32 bytes.
    #[error(
        "the master key from {origin} has {found} bytes, 32 are needed: use 64 hexadecimal digits (openssl rand -hex 32)"
    )]
    Length {
        /// Where it is from.
        origin: String,
        /// The length of the key in bytes.
        found: usize,
    },
    /// The same byte 32 times.
    #[error(
        "the master key from {origin} is one byte repeated: make a random one (openssl rand -hex 32)"
    )]
    NotRandom {
        /// Where it is from.
        origin: String,
    },
    /// The operating system has no randomness.
    #[error("cannot make a master key")]
    Random(#[source] CryptoError),
}
