//! AES-256-GCM.

use crate::CryptoError;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use std::fmt;
use zeroize::Zeroizing;

/// A key for AES-256-GCM, wiped when dropped. `Debug` prints none of it.
///
/// # Security
/// Never use a nonce twice with one key. The caller counts nonces, or makes a key for one use.
///
/// ```
/// use lunadefend_crypto::AeadKey;
///
/// let key = AeadKey::new(&[7; 32]);
/// let mut text = b"123-45-6789".to_vec();
/// key.seal([0; 12], b"row 1", &mut text)?;
/// assert!(key.open([0; 12], b"row 2", text.clone()).is_err());
/// assert_eq!(key.open([0; 12], b"row 1", text)?.as_slice(), b"123-45-6789");
/// # Ok::<(), lunadefend_crypto::CryptoError>(())
/// ```
#[derive(Clone)]
pub struct AeadKey(Zeroizing<[u8; 32]>);

impl AeadKey {
    /// The length of the tag that [`seal`](Self::seal) appends.
    pub const TAG_LEN: usize = 16;

    /// Makes a key from its bytes.
    #[must_use]
    pub fn new(key: &[u8; 32]) -> Self {
        Self(Zeroizing::new(*key))
    }

    /// Encrypts in place and appends the tag. `aad` is authenticated, not stored.
    ///
    /// # Errors
    /// [`CryptoError::Seal`] for more than 64 GiB.
    pub fn seal(
        &self,
        nonce: [u8; 12],
        aad: &[u8],
        plaintext: &mut Vec<u8>,
    ) -> Result<(), CryptoError> {
        let key = self.schedule().ok_or(CryptoError::Seal)?;
        key.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(aad),
            plaintext,
        )
        .map_err(|_| CryptoError::Seal)
    }

    /// Decrypts a text that [`seal`](Self::seal) encrypted with the same nonce and `aad`.
    ///
    /// # Errors
    /// [`CryptoError::Open`] when any of these has changed.
    pub fn open(
        &self,
        nonce: [u8; 12],
        aad: &[u8],
        ciphertext: Vec<u8>,
    ) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let mut text = Zeroizing::new(ciphertext);
        let key = self.schedule().ok_or(CryptoError::Open)?;
        let length = key
            .open_in_place(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(aad),
                &mut text,
            )
            .map_err(|_| CryptoError::Open)?
            .len();
        text.truncate(length);
        Ok(text)
    }

    /// Expands the key for each use: ring does not wipe the keys that it keeps, and a key schedule costs less
    /// than the encryption of one kilobyte.
    fn schedule(&self) -> Option<LessSafeKey> {
        UnboundKey::new(&AES_256_GCM, self.0.as_slice())
            .ok()
            .map(LessSafeKey::new)
    }
}

impl fmt::Debug for AeadKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AeadKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{hex, hex_decode};

    /// Test cases 13, 14 and 16 of the GCM specification (McGrew and Viega), key of 256 bits.
    #[test]
    fn known_answers() {
        let bytes = |text: &str| hex_decode(text).unwrap();
        let zero = "00".repeat(32);
        let key = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
        for (key, nonce, aad, plain, sealed) in [
            (
                zero.as_str(),
                "000000000000000000000000",
                "",
                "",
                "530f8afbc74536b9a963b4f1c4cb738b",
            ),
            (
                zero.as_str(),
                "000000000000000000000000",
                "",
                "00000000000000000000000000000000",
                "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919",
            ),
            (
                key,
                "cafebabefacedbaddecaf888",
                "feedfacedeadbeeffeedfacedeadbeefabaddad2",
                "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
                "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b",
            ),
        ] {
            let key = AeadKey::new(&bytes(key).try_into().unwrap());
            let nonce: [u8; 12] = bytes(nonce).try_into().unwrap();
            let mut text = bytes(plain);
            key.seal(nonce, &bytes(aad), &mut text).unwrap();
            assert_eq!(hex(&text), sealed);
            assert_eq!(hex(&key.open(nonce, &bytes(aad), text).unwrap()), plain);
        }
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let key = AeadKey::new(&[1; 32]);
        let mut sealed = b"secret".to_vec();
        key.seal([2; 12], b"aad", &mut sealed).unwrap();
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(
                key.open([2; 12], b"aad", changed).unwrap_err(),
                CryptoError::Open
            );
        }
        for short in 0..sealed.len() {
            assert!(key.open([2; 12], b"aad", sealed[..short].to_vec()).is_err());
        }
        assert!(key.open([3; 12], b"aad", sealed.clone()).is_err());
        assert!(key.open([2; 12], b"", sealed.clone()).is_err());
        assert!(
            AeadKey::new(&[9; 32])
                .open([2; 12], b"aad", sealed)
                .is_err()
        );
        assert_eq!(format!("{key:?}"), "AeadKey(..)");
    }
}
