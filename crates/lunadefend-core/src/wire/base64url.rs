//! base64url without padding (RFC 4648 section 5) of values with a fixed length: this crate has no crypto library.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

pub(super) fn encode(bytes: &[u8]) -> String {
    let digits = bytes.chunks(3).flat_map(|group| {
        let bits = (0..3).fold(0_u32, |bits, index| {
            bits << 8 | u32::from(group.get(index).copied().unwrap_or(0))
        });
        [18, 12, 6, 0]
            .into_iter()
            .take(group.len() + 1)
            .map(move |shift| char::from(ALPHABET[(bits >> shift & 63) as usize]))
    });
    digits.collect()
}

/// Accepts only the one spelling that [`encode`] gives.
pub(super) fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let mut next = bytes.iter_mut();
    let (mut bits, mut count) = (0_u32, 0);
    for digit in text.bytes() {
        let value = ALPHABET.iter().position(|of| *of == digit)?;
        bits = bits << 6 | u32::try_from(value).ok()?;
        count += 6;
        if count >= 8 {
            count -= 8;
            *next.next()? = u8::try_from(bits >> count & 255).ok()?;
        }
    }
    (next.next().is_none() && encode(&bytes) == text).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn vectors_of_the_rfc() {
        for (bytes, text) in [
            (&b""[..], ""),
            (b"f", "Zg"),
            (b"fo", "Zm8"),
            (b"foo", "Zm9v"),
            (b"foob", "Zm9vYg"),
            (b"fooba", "Zm9vYmE"),
            (b"foobar", "Zm9vYmFy"),
            (b"\xfb\xff", "-_8"),
        ] {
            assert_eq!(encode(bytes), text);
        }
        assert_eq!(decode(""), Some([]));
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
            prop_assert_eq!(decode(&encode(&bytes)), Some(bytes));
        }

        #[test]
        fn each_value_has_one_spelling(text in "[A-Za-z0-9_=+/-]{20,24}") {
            if let Some(bytes) = decode::<16>(&text) {
                prop_assert_eq!(encode(&bytes), text);
            }
        }
    }
}
