//! The RSA key that a parser found, and base64 as people paste it: shared by all formats.

use super::{private::PrivateParts, problem::Problem};
use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use zeroize::Zeroizing;

/// Accepts what `base64`, OpenSSL, shells and editors write: the last characters may have spare bits
/// set, and padding is taken off beforehand.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);
/// An RSA key, not checked yet.
pub(super) enum Found {
    Private(PrivateParts),
    Public { n: Vec<u8>, e: Vec<u8> },
}

/// Decodes base64 in either alphabet, with or without padding, wrapped, with blanks or quotes.
pub(super) fn base64_lenient(text: &[u8]) -> Result<Zeroizing<Vec<u8>>, Problem> {
    let mut digits = Zeroizing::new(Vec::with_capacity(text.len()));
    digits.extend(
        text.iter()
            .filter(|byte| !byte.is_ascii_whitespace() && !is_quote(**byte))
            .map(|byte| match byte {
                b'-' => b'+',
                b'_' => b'/',
                other => *other,
            }),
    );
    while digits.last() == Some(&b'=') {
        digits.pop();
    }
    let is_digit = |digit: &u8| digit.is_ascii_alphanumeric() || b"+/".contains(digit);
    if !digits.iter().all(is_digit) {
        return Err(Problem::NotBase64);
    }
    if digits.len() % 4 == 1 {
        return Err(Problem::Truncated);
    }
    LENIENT
        .decode(&*digits)
        .map(Zeroizing::new)
        .map_err(|_| Problem::NotBase64)
}

pub(super) const fn is_quote(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'`')
}
