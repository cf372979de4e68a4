//! HMAC-SHA256 (RFC 2104) over lists of parts.

use crate::constant_time_eq;
use ring::hmac;
use std::fmt;

/// A key for HMAC-SHA256. `Debug` prints none of it.
///
/// ```
/// use lunadefend_crypto::HmacKey;
///
/// let key = HmacKey::new(&[7; 32]);
/// let tag = key.tag(&[b"grant", b"session", b"token"]);
/// assert!(key.verify(&[b"grant", b"session", b"token"], &tag));
/// assert!(!key.verify(&[b"grant", b"sessiont", b"oken"], &tag));
/// ```
#[derive(Clone)]
pub struct HmacKey(hmac::Key);

impl HmacKey {
    /// Makes a key from bytes, which should be 32 random bytes or more.
    #[must_use]
    pub fn new(key: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// Returns the tag of a list of parts ([`length_prefixed`](crate::length_prefixed)).
    #[must_use]
    pub fn tag(&self, parts: &[&[u8]]) -> [u8; 32] {
        self.tag_of(parts.iter().copied())
    }

    /// Returns the tag of a list of parts, as [`tag`](Self::tag) does.
    #[must_use]
    pub fn tag_of<'a>(&self, parts: impl IntoIterator<Item = &'a [u8]>) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.0);
        for part in parts {
            // As `length_prefixed` joins them, but nowhere put together.
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let mut tag = [0; 32];
        tag.copy_from_slice(context.sign().as_ref());
        tag
    }

    /// Returns whether `tag` is the whole tag of the parts, in constant time.
    #[must_use]
    pub fn verify(&self, parts: &[&[u8]], tag: &[u8]) -> bool {
        constant_time_eq(&self.tag(parts), tag)
    }
}

impl fmt::Debug for HmacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HmacKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex;

    /// Computed with Python's `hmac` over the length-prefixed parts.
    #[test]
    fn known_answer() {
        let tag = HmacKey::new(&[0x0b; 20]).tag(&[b"Hi", b" There"]);
        assert_eq!(
            hex(&tag),
            "ab0a1da8819c6887009a418eb03065eba91a243140c53c1ce57d786843a83578"
        );
    }

    #[test]
    fn the_message_is_that_of_length_prefixed() {
        let parts: [&[u8]; 4] = [b"", b"a", &[7; 200], b""];
        let message = crate::length_prefixed(parts);
        let key = HmacKey::new(b"key");
        assert_eq!(key.tag(&parts), key.tag_of(parts));
        let expected = hmac::sign(&key.0, &message);
        assert_eq!(key.tag(&parts).as_slice(), expected.as_ref());
    }

    #[test]
    fn what_does_not_verify() {
        let key = HmacKey::new(b"key");
        let tag = key.tag(&[b"a", b"b"]);
        assert!(key.verify(&[b"a", b"b"], &tag));
        assert!(!key.verify(&[b"ab"], &tag));
        assert!(!key.verify(&[b"a", b"b"], &tag[..31]));
        assert!(!key.verify(&[b"a", b"b"], &[]));
        assert!(!HmacKey::new(b"other").verify(&[b"a", b"b"], &tag));
        assert_eq!(format!("{key:?}"), "HmacKey(..)");
    }
}
