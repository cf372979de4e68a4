//! Recognises the kind of text that an operator put into a setting for a key.

use super::{
    der,
    found::{Found, base64_lenient, is_quote},
    openssh, pem,
    problem::Problem,
    text,
};
use zeroize::Zeroizing;

/// Longer than any key; the search below is too slow for megabytes.
const MAX_LEN: usize = 64 * 1024;

/// Parses a key in any of the formats that the crate's documentation lists.
pub(super) fn find_key(input: &[u8]) -> Result<Found, Problem> {
    if input.len() > MAX_LEN {
        return Err(Problem::Unrecognised);
    }
    plain(input).unwrap_or_else(|text| {
        let inner = base64_lenient(&text)?;
        if inner.is_empty() {
            return Err(Problem::NotBase64);
        }
        plain(&inner).unwrap_or_else(|text| encoded_twice(&text))
    })
}

/// Decodes base64 of base64: a secret store may have encoded an already encoded key.
fn encoded_twice(text: &[u8]) -> Result<Found, Problem> {
    match base64_lenient(text) {
        Ok(inner) => plain(&inner).unwrap_or(Err(Problem::Unrecognised)),
        Err(Problem::Truncated) if text.len() >= 64 => Err(Problem::Truncated),
        Err(_) => Err(Problem::Unrecognised),
    }
}

/// Reads a text that is not base64. `Err` has the cleaned text, which may be base64.
fn plain(input: &[u8]) -> Result<Result<Found, Problem>, Zeroizing<Vec<u8>>> {
    let from_utf16 = text::from_utf16(input);
    let input = from_utf16.as_ref().map_or(input, |text| text.as_slice());
    if input.starts_with(openssh::MAGIC) {
        return Ok(openssh::private(input));
    }
    if openssh::is_public(input) {
        return Ok(openssh::public(input));
    }
    let text = unescape(&text::plain_blanks(input));
    let text = trim(&text);
    if let Err(problem) = text::refuse_what_was_spoilt(text) {
        return Ok(Err(problem));
    }
    if pem::is_pem(text) {
        return Ok(pem::decode(text).and_then(|content| unarmoured(&content)));
    }
    if is_der(input) {
        return Ok(der::identify(input));
    }
    let text = trim(text::without_name(text));
    match text {
        [] => Ok(Err(Problem::Empty)),
        [b'{', ..] => Ok(Err(Problem::Unsupported("JSON, perhaps a JWK"))),
        _ => one_line(text).ok_or_else(|| Zeroizing::new(text.to_vec())),
    }
}

/// Reads the content of a PEM block. Its label may be wrong, so this checks the bytes.
fn unarmoured(content: &pem::Content) -> Result<Found, Problem> {
    match content {
        pem::Content::Key(key) if key.starts_with(openssh::MAGIC) => openssh::private(key),
        pem::Content::Key(key) => der::identify(key),
        // `certutil -encode` of Windows labels every file as a certificate.
        pem::Content::Certificate(file) => match plain(file) {
            Ok(Ok(key)) => Ok(key),
            _ => Err(Problem::Certificate),
        },
    }
}

/// Returns whether the bytes are a sequence with bytes that no text has.
fn is_der(bytes: &[u8]) -> bool {
    let is_text = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
    bytes.first() == Some(&der::SEQUENCE) && !bytes.iter().all(is_text)
}

/// Recognises text formats by their first word.
fn one_line(text: &[u8]) -> Option<Result<Found, Problem>> {
    let mut words = text
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty());
    let kind = words.next()?;
    if kind.starts_with(b"PuTTY-User-Key-File-") {
        return Some(Err(Problem::Unsupported("a PuTTY key file")));
    }
    if text.starts_with(b"---- BEGIN SSH2") {
        return Some(Err(Problem::Unsupported("an SSH2 key")));
    }
    openssh::is_key_type(kind).then(|| {
        openssh::require_rsa(kind)?;
        let blob = base64_lenient(words.next().ok_or(Problem::Truncated)?)?;
        openssh::public(&blob)
    })
}

/// Restores line ends that a configuration file or a shell escaped: `\n` and `\r` as two characters or more,
/// and a backslash at the end of a line.
fn unescape(text: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut plain = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text;
    while let [first, after @ ..] = rest {
        let backslashes = rest.iter().take_while(|&&byte| byte == b'\\').count();
        let (byte, next) = match &rest[backslashes..] {
            [b'n' | b'r' | b'\n' | b'\r', after @ ..] if backslashes > 0 => (b'\n', after),
            _ => (*first, after),
        };
        plain.push(byte);
        rest = next;
    }
    plain
}

fn trim(text: &[u8]) -> &[u8] {
    let is_filler = |byte: &u8| byte.is_ascii_whitespace() || is_quote(*byte);
    let start = text.iter().position(|byte| !is_filler(byte));
    let end = text.iter().rposition(|byte| !is_filler(byte));
    match (start, end) {
        (Some(start), Some(end)) => &text[start..=end],
        _ => &[],
    }
}
