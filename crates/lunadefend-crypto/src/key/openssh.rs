//! OpenSSH's own formats (PROTOCOL.key; RFC 4253 section 6.6).

use super::{
    private::PrivateParts,
    sniff::{Found, Problem},
};
use ssh_key::{Mpint, private::KeypairData, public::KeyData};

/// How a private key begins.
pub(super) const MAGIC: &[u8] = b"openssh-key-v1\0";

/// Reads an unarmoured private key file.
pub(super) fn private(file: &[u8]) -> Result<Found, Problem> {
    // The library knows neither all ciphers nor all kinds of keys: look at the names first.
    let mut rest = file.strip_prefix(MAGIC).ok_or(Problem::Unrecognised)?;
    let cipher = string(&mut rest)?;
    if cipher != b"none" {
        return Err(Problem::Encrypted);
    }
    let (_kdf, _kdf_options) = (string(&mut rest)?, string(&mut rest)?);
    let (count, after) = rest.split_at_checked(4).ok_or(Problem::Truncated)?;
    rest = after;
    if count != [0, 0, 0, 1] {
        return Err(Problem::Unsupported("an OpenSSH file with several keys"));
    }
    require_rsa(string(&mut string(&mut rest)?)?)?;
    string(&mut rest)?;

    let key = ssh_key::PrivateKey::from_bytes(file).map_err(|_| Problem::Damaged)?;
    let KeypairData::Rsa(pair) = key.key_data() else {
        return Err(Problem::Damaged);
    };
    let (public, private) = (&pair.public, &pair.private);
    Ok(Found::Private(PrivateParts::with_computed_exponents([
        positive(&public.n)?,
        positive(&public.e)?,
        positive(&private.d)?,
        positive(&private.p)?,
        positive(&private.q)?,
        positive(&private.iqmp)?,
    ])?))
}

/// Reads the binary form of a public key.
pub(super) fn public(blob: &[u8]) -> Result<Found, Problem> {
    let mut rest = blob;
    require_rsa(string(&mut rest)?)?;
    string(&mut rest)?;
    string(&mut rest)?;
    let key = ssh_key::PublicKey::from_bytes(blob).map_err(|_| Problem::Damaged)?;
    let KeyData::Rsa(key) = key.key_data() else {
        return Err(Problem::Damaged);
    };
    Ok(Found::Public {
        n: positive(&key.n)?.to_vec(),
        e: positive(&key.e)?.to_vec(),
    })
}

/// Whether bytes begin as the binary form of a public key does.
pub(super) fn is_public(blob: &[u8]) -> bool {
    matches!(blob, [0, 0, 0, _, kind @ ..] if is_key_type(kind))
}

/// Whether a word is the name of a kind of key.
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

/// The next length-prefixed string.
fn string<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], Problem> {
    let (length, after) = rest.split_first_chunk::<4>().ok_or(Problem::Truncated)?;
    let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| Problem::Truncated)?;
    let (string, after) = after.split_at_checked(length).ok_or(Problem::Truncated)?;
    *rest = after;
    Ok(string)
}

fn positive(number: &Mpint) -> Result<&[u8], Problem> {
    number.as_positive_bytes().ok_or(Problem::Damaged)
}
