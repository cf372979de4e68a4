//! OpenSSH's own formats (PROTOCOL.key; RFC 4253 section 6.6).

use super::{found::Found, private::PrivateParts, problem::Problem};

/// The first bytes of a private key.
pub(super) const MAGIC: &[u8] = b"openssh-key-v1\0";

/// The longest padding: the block of the longest cipher. OpenSSH itself pads an unencrypted key to 8
/// bytes, PuTTY to 16.
const MAX_PADDING: usize = 16;

/// Reads an unarmoured private key file.
pub(super) fn private(file: &[u8]) -> Result<Found, Problem> {
    let mut rest = file.strip_prefix(MAGIC).ok_or(Problem::Unrecognised)?;
    let cipher = string(&mut rest)?;
    if cipher != b"none" {
        return Err(Problem::Encrypted);
    }
    let (kdf, kdf_options) = (string(&mut rest)?, string(&mut rest)?);
    let (count, after) = rest.split_at_checked(4).ok_or(Problem::Truncated)?;
    rest = after;
    if count != [0, 0, 0, 1] {
        return Err(Problem::Unsupported("an OpenSSH file with several keys"));
    }
    let public = string(&mut rest)?;
    require_rsa(string(&mut { public })?)?;
    let section = string(&mut rest)?;
    if kdf != b"none" || !kdf_options.is_empty() || !rest.trim_ascii().is_empty() {
        return Err(Problem::Damaged);
    }
    // The outer lengths were right, so a missing inner part was never written.
    let parts = private_section(section, public).map_err(|problem| match problem {
        Problem::Truncated => Problem::Damaged,
        other => other,
    })?;
    Ok(Found::Private(parts))
}

/// Reads the part that a cipher would encrypt: a check, the key, its comment and the padding.
fn private_section(section: &[u8], public: &[u8]) -> Result<PrivateParts, Problem> {
    let (check, mut rest) = section.split_at_checked(8).ok_or(Problem::Truncated)?;
    // A random number, written twice: with a wrong passphrase the two would differ.
    if check[..4] != check[4..] {
        return Err(Problem::Damaged);
    }
    require_rsa(string(&mut rest)?)?;
    let (n, e) = (positive(&mut rest)?, positive(&mut rest)?);
    let (d, qinv) = (positive(&mut rest)?, positive(&mut rest)?);
    let (p, q) = (positive(&mut rest)?, positive(&mut rest)?);
    string(&mut rest)?;
    let is_padding = rest.len() <= MAX_PADDING && rest.iter().copied().eq((1..).take(rest.len()));
    if !is_padding || numbers(public)? != (n, e) {
        return Err(Problem::Damaged);
    }
    PrivateParts::with_computed_exponents([n, e, d, p, q, qinv])
}

/// Reads the binary form of a public key.
pub(super) fn public(blob: &[u8]) -> Result<Found, Problem> {
    let (n, e) = numbers(blob)?;
    Ok(Found::Public {
        n: n.to_vec(),
        e: e.to_vec(),
    })
}

/// Returns modulus and exponent of the binary form of a public key.
fn numbers(blob: &[u8]) -> Result<(&[u8], &[u8]), Problem> {
    let mut rest = blob;
    require_rsa(string(&mut rest)?)?;
    let (e, n) = (positive(&mut rest)?, positive(&mut rest)?);
    if rest.is_empty() {
        Ok((n, e))
    } else {
        Err(Problem::Damaged)
    }
}

/// Returns whether bytes begin like the binary form of a public key.
pub(super) fn is_public(blob: &[u8]) -> bool {
    matches!(blob, [0, 0, 0, _, kind @ ..] if is_key_type(kind))
}

/// Returns whether a word is the name of a key type.
pub(super) fn is_key_type(word: &[u8]) -> bool {
    [b"ssh-".as_slice(), b"ecdsa-sha2-", b"sk-ssh-", b"sk-ecdsa-"]
        .iter()
        .any(|prefix| word.starts_with(prefix))
}

/// Accepts the name of a plain RSA key.
pub(super) fn require_rsa(kind: &[u8]) -> Result<(), Problem> {
    let found = match kind {
        b"ssh-rsa" => return Ok(()),
        b"ssh-ed25519" => "an Ed25519 key",
        b"ssh-dss" => "a DSA key",
        _ if kind.ends_with(b"-cert-v01@openssh.com") => return Err(Problem::Certificate),
        _ if kind.starts_with(b"ecdsa-sha2-") => "an EC key",
        _ if kind.starts_with(b"sk-") => "a key of a security token",
        _ => "a key of another kind",
    };
    Err(Problem::NotRsa(found))
}

/// Returns the next length-prefixed string.
fn string<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], Problem> {
    let (length, after) = rest.split_first_chunk::<4>().ok_or(Problem::Truncated)?;
    let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| Problem::Truncated)?;
    let (string, after) = after.split_at_checked(length).ok_or(Problem::Truncated)?;
    *rest = after;
    Ok(string)
}

/// Returns the next `mpint` of RFC 4251 section 5: positive, without needless zeros.
fn positive<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], Problem> {
    match string(rest)? {
        [0, digits @ ..] if matches!(digits, [0x80..=0xff, ..]) => Ok(digits),
        digits @ [1..=0x7f, ..] => Ok(digits),
        _ => Err(Problem::Damaged),
    }
}
