//! Private keys.

use super::{
    KeyError, PublicKey, found::Found, private::PrivateParts, public::DEMO_KEY, sniff::find_key,
};
use crate::CryptoError;
use ring::{rand::SystemRandom, rsa::KeyPair, signature::RSA_PKCS1_SHA256};
use std::{fmt, sync::Arc};

/// An RSA private key of 2048, 3072 or 4096 bits, parsed once and checked.
///
/// Cloning is cheap. `Debug` prints the thumbprint of its public key.
///
/// ```
/// use lunadefend_crypto::{KeyError, SigningKey};
///
/// let error = SigningKey::parse(b" ", "environment variable LUNASEC_SIGNING_KEY").unwrap_err();
/// assert!(matches!(error, KeyError::Empty { .. }));
/// assert!(error.to_string().starts_with("environment variable LUNASEC_SIGNING_KEY is set but empty"));
/// ```
#[derive(Clone)]
pub struct SigningKey(Arc<Inner>);

struct Inner {
    pair: KeyPair,
    public: PublicKey,
}

impl SigningKey {
    /// The longest modulus, in bits.
    const MAX_BITS: usize = 4096;

    /// Parses a private key in OpenSSH, PKCS#8 or PKCS#1 format, as PEM or DER, or base64 of any of these.
    ///
    /// Base64 may be standard or url-safe, padded or not, wrapped, with blanks or quotes around it. PEM may
    /// have text before it and real or escaped line ends.
    ///
    /// `origin` names the source of the input, such as `environment variable LUNASEC_SIGNING_KEY`: every
    /// error starts with it.
    ///
    /// # Errors
    /// A [`KeyError`], with a variant for each fault.
    ///
    /// # Security
    /// Refuses the demo key that LunaSec publishes, with which anyone can sign.
    pub fn parse(input: &[u8], origin: &str) -> Result<Self, KeyError> {
        let key = Self::parse_allowing_demo_key(input, origin)?;
        key.public_key().refuse(DEMO_KEY, origin)?;
        Ok(key)
    }

    /// Parses like [`parse`](Self::parse), but accepts the demo key.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    ///
    /// # Security
    /// For development only: anyone can sign with the demo key.
    pub fn parse_allowing_demo_key(input: &[u8], origin: &str) -> Result<Self, KeyError> {
        match find_key(input) {
            Ok(Found::Private(parts)) => Self::checked(parts, origin),
            Ok(Found::Public { .. }) => Err(KeyError::PublicKey {
                origin: origin.to_owned(),
            }),
            Err(problem) => Err(KeyError::from_problem(problem, origin)),
        }
    }

    pub(super) fn checked(parts: PrivateParts, origin: &str) -> Result<Self, KeyError> {
        let public = PublicKey::checked(&parts.n, &parts.e, origin)?;
        let origin = || origin.to_owned();
        match public.bits() {
            2048 | 3072 | 4096 => {}
            bits @ ..Self::MAX_BITS => {
                return Err(KeyError::OddLength {
                    origin: origin(),
                    bits,
                });
            }
            bits => {
                let maximum = Self::MAX_BITS;
                return Err(KeyError::TooLong {
                    origin: origin(),
                    bits,
                    maximum,
                });
            }
        }
        let key = parts
            .into_key_pair()
            .map(|pair| Self(Arc::new(Inner { pair, public })))
            .ok_or_else(|| KeyError::Invalid { origin: origin() })?;
        // Ring checks the exponents only when it signs, and then the signature itself: sign once here.
        key.sign(b"")
            .map_err(|_| KeyError::Invalid { origin: origin() })?;
        Ok(key)
    }

    /// Signs with RSASSA-PKCS1-v1_5 and SHA-256 (`RS256`), in about half a millisecond for 2048 bits.
    ///
    /// # Errors
    /// [`CryptoError::Sign`].
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let pair = &self.0.pair;
        let mut signature = vec![0; pair.public().modulus_len()];
        // The random numbers blind the computation; the signature does not depend on them.
        pair.sign(
            &RSA_PKCS1_SHA256,
            &SystemRandom::new(),
            message,
            &mut signature,
        )
        .map_err(|_| CryptoError::Sign)?;
        Ok(signature)
    }

    /// Returns the public key of the pair.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.0.public
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SigningKey")
            .field(&self.public_key().thumbprint())
            .finish()
    }
}
