//! Encodings of bytes as text.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};

/// Encodes as base64 with padding (RFC 4648 section 4).
#[must_use]
pub fn base64(data: &[u8]) -> String {
    STANDARD.encode(data)
}

/// Encodes as base64url without padding (RFC 4648 section 5, as in JOSE).
#[must_use]
pub fn base64url(data: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(data)
}

/// Decodes [`base64url`]. Returns `None` for anything but the canonical spelling: no padding, no blanks, no
/// bits set after the last byte.
///
/// ```
/// use lunadefend_crypto::base64url_decode;
///
/// assert_eq!(base64url_decode("_w"), Some(vec![0xff]));
/// assert_eq!(base64url_decode("_x"), None); // a second spelling of the same byte
/// assert_eq!(base64url_decode("_w=="), None);
/// ```
#[must_use]
pub fn base64url_decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Encodes as lower-case hexadecimal.
#[must_use]
pub fn hex(data: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    data.iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|nibble| char::from(DIGITS[usize::from(nibble)]))
        .collect()
}

/// Decodes [`hex`]. Returns `None` for an odd number of digits and for upper case: each value has one
/// spelling.
#[must_use]
pub fn hex_decode(text: &str) -> Option<Vec<u8>> {
    let nibble = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs
        .iter()
        .map(|&[high, low]| Some(nibble(high)? << 4 | nibble(low)?))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn other_spellings_are_refused() {
        for text in [
            "_w=", "_w==", " _w", "_w\n", "/w", "+w", "_x", "A", "AAA=", "A.A",
        ] {
            assert_eq!(base64url_decode(text), None, "{text:?}");
        }
        for text in ["a", "0A", "0x", "0 ", "é0"] {
            assert_eq!(hex_decode(text), None, "{text:?}");
        }
        assert_eq!(hex_decode("00ff"), Some(vec![0, 255]));
        assert_eq!(base64url(&[0xfb, 0xff]), "-_8");
    }

    proptest! {
        #[test]
        fn round_trips(data: Vec<u8>) {
            prop_assert_eq!(base64url_decode(&base64url(&data)), Some(data.clone()));
            prop_assert_eq!(hex_decode(&hex(&data)), Some(data));
        }

        /// A text that is read at all is the text that would be written.
        #[test]
        fn every_value_has_one_spelling(text in "[A-Za-z0-9_=-]{0,24}") {
            if let Some(data) = base64url_decode(&text) {
                prop_assert_eq!(base64url(&data), text.clone());
            }
            if let Some(data) = hex_decode(&text) {
                prop_assert_eq!(hex(&data), text);
            }
        }
    }
}
