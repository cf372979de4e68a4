//! Identifiers of random bytes, in base64url without padding (RFC 4648 section 5).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

pub(super) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Accepts only the one spelling that [`encode`] gives.
pub(super) fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
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
                serializer.serialize_str(&self.to_text())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer).ok();
                text.and_then(|text| Self::parse(&text))
                    .ok_or_else(|| serde::de::Error::custom(Self::RULE))
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
