//! Public keys.

use super::{KeyError, der, found::Found, pem, sniff::find_key};
use crate::{InvalidSignature, base64url, sha256};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use std::{fmt, sync::Arc};

/// The RFC 7638 thumbprint of the key pair that LunaSec publishes in its tools.
pub(super) const DEMO_KEY: &str = "-bl8cloyc_SDWS4QIMvkmfoIExAdTsvXHotm0ZOFCak";

/// An RSA public key of 2048 to 8192 bits with an odd exponent of at least 65537.
///
/// Cloning is cheap. `Debug` prints its thumbprint.
#[derive(Clone)]
pub struct PublicKey(Arc<Inner>);

struct Inner {
    n: Vec<u8>,
    e: Vec<u8>,
    thumbprint: String,
}

impl PublicKey {
    /// The shortest and the longest modulus, in bits.
    const BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

    /// Parses a public key: SPKI (`PUBLIC KEY`), PKCS#1 (`RSA PUBLIC KEY`) or OpenSSH (`ssh-rsa ..`), as PEM
    /// or DER or base64 of it.
    ///
    /// `origin` names the source of the input, for the error.
    ///
    /// # Errors
    /// A [`KeyError`], with a variant for each fault; a private key is refused.
    ///
    /// # Security
    /// Refuses the public key of the published demo key pair: anyone can sign for it.
    pub fn parse(input: &[u8], origin: &str) -> Result<Self, KeyError> {
        let key = Self::parse_allowing_demo_key(input, origin)?;
        key.refuse(DEMO_KEY, origin)?;
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
            Ok(Found::Public { n, e }) => Self::checked(&n, &e, origin),
            Ok(Found::Private(_)) => Err(KeyError::PrivateKey {
                origin: origin.to_owned(),
            }),
            Err(problem) => Err(KeyError::from_problem(problem, origin)),
        }
    }

    /// Makes a key from modulus and exponent, big-endian; leading zeros are dropped.
    ///
    /// # Errors
    /// [`KeyError::TooShort`], [`KeyError::TooLong`], [`KeyError::Exponent`] or
    /// [`KeyError::Invalid`].
    pub fn from_components(n: &[u8], e: &[u8]) -> Result<Self, KeyError> {
        Self::checked(n, e, "the public key")
    }

    /// Refuses the demo key, identified by its thumbprint.
    pub(super) fn refuse(&self, demo_key: &str, origin: &str) -> Result<(), KeyError> {
        if self.thumbprint() == demo_key {
            return Err(KeyError::DemoKey {
                origin: origin.to_owned(),
            });
        }
        Ok(())
    }

    pub(super) fn checked(n: &[u8], e: &[u8], origin: &str) -> Result<Self, KeyError> {
        let (n, e) = (der::trim_zeros(n), der::trim_zeros(e));
        let origin = || origin.to_owned();
        let bits = bit_length(n);
        if bits < *Self::BITS.start() {
            return Err(KeyError::TooShort {
                origin: origin(),
                bits,
            });
        }
        if bits > *Self::BITS.end() {
            let maximum = *Self::BITS.end();
            return Err(KeyError::TooLong {
                origin: origin(),
                bits,
                maximum,
            });
        }
        if n.last().is_some_and(|last| last & 1 == 0) {
            return Err(KeyError::Invalid { origin: origin() });
        }
        // The keys that ring verifies with, except its exponent 3.
        let is_safe =
            (17..=33).contains(&bit_length(e)) && e.last().is_some_and(|last| last & 1 == 1);
        if !is_safe {
            return Err(KeyError::Exponent { origin: origin() });
        }
        // RFC 7638: the required members in lexicographic order, without blanks.
        let thumbprint = sha256(
            format!(
                r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#,
                base64url(e),
                base64url(n)
            )
            .as_bytes(),
        );
        Ok(Self(Arc::new(Inner {
            n: n.to_vec(),
            e: e.to_vec(),
            thumbprint: base64url(&thumbprint),
        })))
    }

    /// Returns the modulus, big-endian without leading zeros.
    #[must_use]
    pub fn n(&self) -> &[u8] {
        &self.0.n
    }

    /// Returns the public exponent, big-endian without leading zeros.
    #[must_use]
    pub fn e(&self) -> &[u8] {
        &self.0.e
    }

    /// Returns the length of the modulus in bits.
    #[must_use]
    pub fn bits(&self) -> usize {
        bit_length(&self.0.n)
    }

    /// Returns the RFC 7638 thumbprint (SHA-256, base64url): the key's `kid`.
    #[must_use]
    pub fn thumbprint(&self) -> &str {
        &self.0.thumbprint
    }

    /// Returns whether the key belongs to the demo key pair that LunaSec publishes.
    #[must_use]
    pub fn is_demo_key(&self) -> bool {
        self.thumbprint() == DEMO_KEY
    }

    /// Verifies an RSASSA-PKCS1-v1_5 signature with SHA-256 (`RS256`).
    ///
    /// # Errors
    /// [`InvalidSignature`], without a reason.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        RsaPublicKeyComponents {
            n: self.n(),
            e: self.e(),
        }
        .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
        .map_err(|_| InvalidSignature)
    }

    /// Returns the key as PEM with the label `PUBLIC KEY` (SPKI, RFC 5280), a value for `SESSION_PUBLIC_KEY`.
    #[must_use]
    pub fn to_spki_pem(&self) -> String {
        let numbers = [der::unsigned(self.n()), der::unsigned(self.e())];
        let key = der::element(der::SEQUENCE, &[&numbers[0], &numbers[1]]);
        let bits = der::element(der::BIT_STRING, &[&[0], &key]);
        let spki = der::element(der::SEQUENCE, &[&der::rsa_algorithm(), &bits]);
        pem::encode("PUBLIC KEY", &spki).as_str().to_owned()
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.n() == other.n() && self.e() == other.e()
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PublicKey")
            .field(&self.thumbprint())
            .finish()
    }
}

fn bit_length(number: &[u8]) -> usize {
    number
        .first()
        .map_or(0, |first| number.len() * 8 - first.leading_zeros() as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_key_is_refused_by_its_thumbprint() {
        let key = PublicKey::from_components(&[0xff; 256], &[1, 0, 1]).unwrap();
        assert!(!key.is_demo_key());
        key.refuse(DEMO_KEY, "the setting").unwrap();
        let error = key.refuse(key.thumbprint(), "the setting").unwrap_err();
        assert!(matches!(error, KeyError::DemoKey { .. }));
        assert!(
            error
                .to_string()
                .starts_with("the setting is the published demo key")
        );
    }

    /// The example of RFC 7638 section 3.1.
    #[test]
    fn thumbprint_of_the_standard() {
        let n = crate::base64url_decode(
            "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
        )
        .unwrap();
        let key = PublicKey::from_components(&n, &[1, 0, 1]).unwrap();
        assert_eq!(
            key.thumbprint(),
            "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
        );
    }
}
