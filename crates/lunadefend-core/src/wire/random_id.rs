//! Identifiers of random bytes, in base64url without padding (RFC 4648 section 5).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Visitor};
use std::fmt;

/// The most bytes that an identifier has.
const LONGEST: usize = 32;

pub(super) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Writes what [`encode`] gives, without an allocation for each of many.
pub(super) fn serialize_bytes<S: Serializer>(
    bytes: &[u8],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut text = [0; LONGEST.div_ceil(3) * 4];
    let length = URL_SAFE_NO_PAD.encode_slice(bytes, &mut text);
    let text = length.ok().and_then(|length| text.get(..length));
    let text = text.and_then(|text| std::str::from_utf8(text).ok());
    serializer.serialize_str(text.ok_or_else(|| serde::ser::Error::custom("too long"))?)
}

/// Reads a text and decodes it, as [`decode`] does, without an allocation for each of many.
pub(super) fn deserialize_bytes<'de, D: Deserializer<'de>, const N: usize>(
    deserializer: D,
) -> Result<Option<[u8; N]>, D::Error> {
    struct Text<const N: usize>;

    impl<const N: usize> Visitor<'_> for Text<N> {
        type Value = Option<[u8; N]>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a text")
        }

        fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
            Ok(decode(text))
        }
    }
    deserializer.deserialize_str(Text)
}

/// Accepts only the one spelling that [`encode`] gives.
pub(super) fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    // With room for a longest identifier that is too long: its length tells.
    let mut bytes = [0; LONGEST + 4];
    let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
    bytes.get(..length)?.try_into().ok()
}

macro_rules! random_ids {
    ($($(#[$doc:meta])+ $name:ident, $rule:literal;)+) => {$(
        $(#[$doc])+
        ///
        /// On the wire it is base64url without padding, 22 characters. `Debug` prints none of them.
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            /// What is said of everything else.
            pub const RULE: &str = $rule;

            /// Makes the identifier of random bytes.
            #[must_use]
            pub const fn new(random: [u8; 16]) -> Self {
                Self(random)
            }

            /// Returns the bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }

            /// Reads the text form.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                decode(text).map(Self)
            }

            /// Returns the text form.
            #[must_use]
            pub fn to_text(&self) -> String {
                encode(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serialize_bytes(&self.0, serializer)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let bytes = deserialize_bytes(deserializer).ok().flatten();
                bytes.map(Self).ok_or_else(|| serde::de::Error::custom(Self::RULE))
            }
        }
    )+};
}

random_ids! {
    /// The identifier of one attempt of a batch: 16 random bytes, new for each attempt.
    BatchId, "batchId is not 16 bytes in base64url without padding";
    /// The identifier of one read of values: 16 random bytes, kept while the read is repeated.
    ReadId, "readId is not 16 bytes in base64url without padding";
    /// The value of an `Idempotency-Key` header: 16 random bytes, kept while the request is repeated.
    IdempotencyKey, "Idempotency-Key is not 16 bytes in base64url without padding";
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_spelling_of_each_value() {
        assert_eq!(encode(b"\xfb\xff"), "-_8");
        assert_eq!(decode("Zm9vYg"), Some(*b"foob"));
        // Padded, of another alphabet, with bits to spare, of another length, cut.
        for bad in [
            "Zm9vYg==",
            "Zm9v+g",
            "Zm9vYh",
            "Zm9v",
            "Zm9vYmE",
            "Zm9vY",
            "Zm9v Yg",
            "Zm9vY\u{e9}",
        ] {
            assert_eq!(decode::<4>(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(bytes: [u8; 16]) {
            let id = ReadId::new(bytes);
            prop_assert_eq!(ReadId::parse(&id.to_text()), Some(id));
        }

        #[test]
        fn each_value_has_one_text(text in "[A-Za-z0-9_=+/-]{20,24}") {
            if let Some(id) = ReadId::parse(&text) {
                prop_assert_eq!(id.to_text(), text);
            }
        }
    }
}
