//! Undoes the changes that editors, shells, wikis and other programs make to the text of a key.

use super::problem::Problem;
use zeroize::Zeroizing;

/// The shortest text that counts as a key with a name before it: no key is shorter.
const SHORTEST_KEY: usize = 64;

/// The words that programs write for a missing value, such as JavaScript into a template.
const NO_VALUES: [&str; 7] = [
    "undefined",
    "null",
    "none",
    "nil",
    "<nil>",
    "<no value>",
    "[object Object]",
];

/// Returns the UTF-8 of a file in UTF-16, as PowerShell's `>` writes; `None` without its byte order mark.
pub(super) fn from_utf16(file: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (unit, file): (fn([u8; 2]) -> u16, _) = match file {
        [0xff, 0xfe, rest @ ..] => (u16::from_le_bytes, rest),
        [0xfe, 0xff, rest @ ..] => (u16::from_be_bytes, rest),
        _ => return None,
    };
    let (units, odd) = file.as_chunks::<2>();
    if !odd.is_empty() {
        return None;
    }
    // Allocated at its final size: a text that grows leaves copies of the key behind.
    let mut text = Zeroizing::new(Vec::with_capacity(units.len() * 3));
    for letter in char::decode_utf16(units.iter().map(|&pair| unit(pair))) {
        let letter = letter.ok()?;
        text.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
    }
    Some(text)
}

/// Returns the text with plain blanks and line ends in place of look-alikes, and without invisible
/// characters.
pub(super) fn plain_blanks(input: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut plain = Zeroizing::new(Vec::with_capacity(input.len()));
    let Ok(text) = std::str::from_utf8(input) else {
        plain.extend_from_slice(input);
        return plain;
    };
    for letter in text.chars() {
        match letter {
            // Zero-width spaces and joiners, the word joiner, a byte order mark.
            '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' => {}
            '\u{85}' | '\u{2028}' | '\u{2029}' => plain.push(b'\n'),
            blank if !blank.is_ascii() && blank.is_whitespace() => plain.push(b' '),
            other => plain.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    plain
}

/// Names the kind of a text that looks like one with a key, but certainly has none.
pub(super) fn refuse_what_was_spoilt(text: &[u8]) -> Result<(), Problem> {
    let Ok(text) = std::str::from_utf8(text) else {
        return Ok(());
    };
    if let Some(word) = NO_VALUES
        .iter()
        .find(|word| word.eq_ignore_ascii_case(text))
    {
        return Err(Problem::NoValue(word));
    }
    let is_dash = |letter| matches!(letter, '\u{2010}'..='\u{2015}' | '\u{2212}');
    let is_armour = |line: &str| line.contains("BEGIN ") || line.contains("END ");
    if text
        .lines()
        .any(|line| is_armour(line) && line.contains(is_dash))
    {
        return Err(Problem::Dashes);
    }
    Ok(())
}

/// Returns the text behind `data:..;base64,` (RFC 2397), or behind a variable name that was copied with it:
/// `NAME=..`, `export NAME=..`.
pub(super) fn without_name(text: &[u8]) -> &[u8] {
    let (head, rest) = if text.starts_with(b"data:") {
        split(text, b',')
    } else {
        split(text.strip_prefix(b"export ").unwrap_or(text), b'=')
    };
    let is_name = match head {
        [b'd', b'a', b't', b'a', b':', ..] => head.ends_with(b";base64"),
        [b'A'..=b'Z' | b'a'..=b'z' | b'_', ..] => head
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_'),
        _ => false,
    };
    if is_name && head.len() <= 128 && rest.len() >= SHORTEST_KEY {
        rest
    } else {
        text
    }
}

fn split(text: &[u8], separator: u8) -> (&[u8], &[u8]) {
    let at = text.iter().position(|byte| *byte == separator);
    at.map_or((text, &[]), |at| (&text[..at], &text[at + 1..]))
}
