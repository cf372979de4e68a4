//! HKDF-SHA256 (RFC 5869).

use crate::length_prefixed;
use ring::hmac::{HMAC_SHA256, Key, sign};
use zeroize::Zeroizing;

/// Derives 32 bytes from a key with good entropy; `info` names the purpose.
///
/// The parts of `info` are length-prefixed ([`length_prefixed`]).
///
/// ```
/// use lunadefend_crypto::hkdf_sha256;
///
/// let one = hkdf_sha256(&[7; 32], b"salt", &[b"wrapping", b"v1"]);
/// assert_ne!(one, hkdf_sha256(&[7; 32], b"salt", &[b"wrapping", b"v2"]));
/// ```
#[must_use]
pub fn hkdf_sha256(key: &[u8], salt: &[u8], info: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    derive(key, salt, &length_prefixed(info.iter().copied()))
}

/// One block of output is enough, and with one block nothing can fail, unlike in `ring::hkdf`.
fn derive(key: &[u8], salt: &[u8], info: &[u8]) -> Zeroizing<[u8; 32]> {
    let pseudorandom_key = sign(&Key::new(HMAC_SHA256, salt), key);
    let message = [info, &[1]].concat();
    let block = sign(&Key::new(HMAC_SHA256, pseudorandom_key.as_ref()), &message);
    let mut derived = Zeroizing::new([0; 32]);
    derived.copy_from_slice(block.as_ref());
    derived
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex_decode;
    use proptest::prelude::*;
    use ring::hkdf;

    /// The first 32 bytes of the test cases 1 to 3 of RFC 5869 appendix A.
    #[test]
    fn known_answers() {
        let bytes = |range: std::ops::Range<u8>| range.collect::<Vec<_>>();
        for (key, salt, info, derived) in [
            (
                vec![0x0b; 22],
                bytes(0..0x0d),
                bytes(0xf0..0xfa),
                "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf",
            ),
            (
                bytes(0..0x50),
                bytes(0x60..0xb0),
                (0xb0..=0xff).collect(),
                "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c",
            ),
            (
                vec![0x0b; 22],
                vec![],
                vec![],
                "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d",
            ),
        ] {
            assert_eq!(
                derive(&key, &salt, &info).to_vec(),
                hex_decode(derived).unwrap()
            );
        }
    }

    #[test]
    fn the_parts_of_info_are_kept_apart() {
        let derive = |info: &[&[u8]]| hkdf_sha256(b"key", b"salt", info);
        assert_ne!(derive(&[b"ab", b"c"]), derive(&[b"a", b"bc"]));
        assert_ne!(derive(&[b"a"]), derive(&[b"a", b""]));
    }

    proptest! {
        #[test]
        fn agrees_with_ring(key: Vec<u8>, salt: Vec<u8>, info: Vec<u8>) {
            let info_parts = [info.as_slice()];
            let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, &salt).extract(&key);
            let mut expected = [0; 32];
            prk.expand(&info_parts, hkdf::HKDF_SHA256).unwrap().fill(&mut expected).unwrap();
            prop_assert_eq!(*derive(&key, &salt, &info), expected);
        }
    }
}
