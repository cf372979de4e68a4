//! Digests, and a way to join several parts into one unambiguous input.

use crate::hex;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA384, digest};
use subtle::ConstantTimeEq;

/// Returns the SHA-256 of the bytes.
#[must_use]
pub fn sha256(data: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, data).as_ref());
    hash
}

/// Returns the SHA-384 of the bytes: for `integrity` in HTML (Subresource Integrity).
#[must_use]
pub fn sha384(data: &[u8]) -> [u8; 48] {
    let mut hash = [0; 48];
    hash.copy_from_slice(digest(&SHA384, data).as_ref());
    hash
}

/// Returns the SHA-1 of the bytes in lower-case hexadecimal: only for LunaSec's header
/// `lunasec-session-hash`.
///
/// # Security
/// SHA-1 is broken. The header tells a frame that its session changed; no security may depend on it.
#[must_use]
pub fn sha1_hex(data: &[u8]) -> String {
    hex(digest(&SHA1_FOR_LEGACY_USE_ONLY, data).as_ref())
}

/// Compares in a time that does not depend on where the difference is. The lengths are not secret.
#[must_use]
pub fn constant_time_eq(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

/// Joins parts so that no two different lists give the same bytes. It writes the length of each part before
/// it, as eight bytes, big-endian.
///
/// ```
/// use lunadefend_crypto::length_prefixed;
///
/// let one = length_prefixed([b"ab".as_slice(), b"c"]);
/// let other = length_prefixed([b"a".as_slice(), b"bc"]);
/// assert_ne!(one, other);
/// ```
#[must_use]
pub fn length_prefixed<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    parts
        .into_iter()
        .fold(Vec::with_capacity(128), |mut joined, part| {
            joined.extend_from_slice(&(part.len() as u64).to_be_bytes());
            joined.extend_from_slice(part);
            joined
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// FIPS 180-4 examples, and the session hash that LunaSec's tokenizer sends without a session.
    #[test]
    fn known_answers() {
        assert_eq!(
            hex(&sha256(b"abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(
            hex(&sha384(b"abc")),
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"
        );
        assert_eq!(sha1_hex(b"abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert_eq!(sha1_hex(b""), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    }

    #[test]
    fn comparison() {
        assert!(constant_time_eq(b"", b""));
        assert!(constant_time_eq(b"abc", b"abc"));
        assert!(!constant_time_eq(b"abc", b"abd"));
        assert!(!constant_time_eq(b"abc", b"ab"));
    }

    proptest! {
        #[test]
        fn different_lists_differ(a: Vec<Vec<u8>>, b: Vec<Vec<u8>>) {
            let join = |parts: &[Vec<u8>]| length_prefixed(parts.iter().map(Vec::as_slice));
            prop_assert_eq!(join(&a) == join(&b), a == b);
        }

        /// The likely confusion: the same bytes, cut elsewhere.
        #[test]
        fn where_the_cut_is_matters(bytes in prop::collection::vec(any::<u8>(), 1..40), at: prop::sample::Index) {
            let cut = at.index(bytes.len());
            let (head, tail) = bytes.split_at(cut);
            prop_assert_ne!(length_prefixed([head, tail]), length_prefixed([&bytes[..], b""]));
        }
    }
}
