//! The part of DER (X.690) that keys need: a reader that tells formats apart, and a writer of LunaDefend's
//! own keys.

use super::{found::Found, private::PrivateParts, problem::Problem};

pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
const NULL: u8 = 0x05;
const OBJECT_IDENTIFIER: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;
/// `[0]` and `[1]`, constructed: the optional parts of a PKCS#8 key.
const CONTEXT_0: u8 = 0xa0;
const CONTEXT_1: u8 = 0x81;

/// 1.2.840.113549.1.1, to which one byte is added: 1 is RSA, 7 RSA-OAEP, 10 RSA-PSS.
const PKCS1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01];
/// 1.2.840.113549.1.5 (PKCS#5) and 1.2.840.113549.1.12.1 (PKCS#12): encryption under a password.
const PKCS5: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05];
const PKCS12: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x01];
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const DSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01];
/// 1.3.101, to which one byte is added: 110 X25519, 111 X448, 112 Ed25519, 113 Ed448.
const EDWARDS: &[u8] = &[0x2b, 0x65];

/// A reader of elements, one after the other.
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    const fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    /// Returns the tag and the content of the next element.
    pub(super) fn next(&mut self) -> Result<(u8, &'a [u8]), Problem> {
        let (&tag, rest) = self.0.split_first().ok_or(Problem::Truncated)?;
        let (&first, rest) = rest.split_first().ok_or(Problem::Truncated)?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81..=0x84 => {
                let (digits, rest) = rest
                    .split_at_checked(usize::from(first & 0x7f))
                    .ok_or(Problem::Truncated)?;
                let length = digits
                    .iter()
                    .fold(0, |length, &digit| length << 8 | u64::from(digit));
                (
                    usize::try_from(length).map_err(|_| Problem::Truncated)?,
                    rest,
                )
            }
            _ => return Err(Problem::Unrecognised),
        };
        let (content, rest) = rest.split_at_checked(length).ok_or(Problem::Truncated)?;
        self.0 = rest;
        Ok((tag, content))
    }

    fn expect(&mut self, tag: u8) -> Result<&'a [u8], Problem> {
        match self.next()? {
            (found, content) if found == tag => Ok(content),
            _ => Err(Problem::Unrecognised),
        }
    }

    /// Returns the next integer, not negative, without leading zeros.
    fn unsigned(&mut self) -> Result<&'a [u8], Problem> {
        match self.expect(INTEGER)? {
            digits @ [0..=0x7f, ..] => Ok(trim_zeros(digits)),
            _ => Err(Problem::Damaged),
        }
    }

    fn end(self) -> Result<(), Problem> {
        if self.is_empty() {
            Ok(())
        } else {
            Err(Problem::Damaged)
        }
    }
}

pub(super) fn trim_zeros(digits: &[u8]) -> &[u8] {
    let zeros = digits.iter().take_while(|&&digit| digit == 0).count();
    &digits[zeros..]
}

/// Classifies a DER file by its form alone.
pub(super) fn identify(file: &[u8]) -> Result<Found, Problem> {
    let mut reader = Reader::new(file);
    let outer = reader.expect(SEQUENCE)?;
    // A text editor may have added a line end to the file.
    if !reader.0.trim_ascii().is_empty() {
        return Err(Problem::Damaged);
    }

    let body = Reader::new(outer);
    let found = match body.peek() {
        Some(INTEGER) => numbered(outer),
        Some(SEQUENCE) => described(body),
        _ => Err(Problem::Unrecognised),
    };
    // The outermost length was right, so a missing inner part was never written.
    found.map_err(|problem| match problem {
        Problem::Truncated => Problem::Damaged,
        other => other,
    })
}

/// Reads a file that begins with a version number, or with the modulus of a bare public key.
fn numbered(outer: &[u8]) -> Result<Found, Problem> {
    let mut body = Reader::new(outer);
    let first = body.unsigned()?;
    match body.peek() {
        Some(SEQUENCE) if matches!(first, [] | [1]) => pkcs8(body),
        Some(SEQUENCE) if first == [3] => Err(Problem::Unsupported("a PKCS#12 archive")),
        Some(OCTET_STRING) if first == [1] => Err(Problem::NotRsa("an EC key")),
        Some(INTEGER) if first.len() > 1 => {
            let e = body.unsigned()?;
            body.end()?;
            Ok(Found::Public {
                n: first.to_vec(),
                e: e.to_vec(),
            })
        }
        Some(INTEGER) => pkcs1(outer),
        None => Err(Problem::Truncated),
        Some(_) => Err(Problem::Unrecognised),
    }
}

/// `RSAPrivateKey` of RFC 8017 appendix A.1.2.
fn pkcs1(body: &[u8]) -> Result<Found, Problem> {
    let mut body = Reader::new(body);
    let version = body.unsigned()?;
    let mut numbers = [[].as_slice(); 8];
    for (index, number) in numbers.iter_mut().enumerate() {
        if body.is_empty() && index == 5 {
            return Err(Problem::NotRsa("a DSA key"));
        }
        *number = body.unsigned()?;
    }
    if version == [1] {
        return Err(Problem::Unsupported("an RSA key with more than two primes"));
    }
    if !version.is_empty() {
        return Err(Problem::Unrecognised);
    }
    body.end()?;
    let [n, e, d, p, q, dp, dq, qinv] = numbers;
    Ok(Found::Private(PrivateParts::new([
        n, e, d, p, q, dp, dq, qinv,
    ])))
}

/// `PrivateKeyInfo` and `OneAsymmetricKey` of RFC 5958, after the version.
fn pkcs8(mut body: Reader<'_>) -> Result<Found, Problem> {
    algorithm(body.expect(SEQUENCE)?)?;
    let key = body.expect(OCTET_STRING)?;
    while let Some(CONTEXT_0 | CONTEXT_1) = body.peek() {
        body.next()?;
    }
    body.end()?;
    let mut reader = Reader::new(key);
    let key = reader.expect(SEQUENCE)?;
    reader.end()?;
    pkcs1(key)
}

/// Reads a file that begins with a sequence: a public key, an encrypted private key or a certificate.
fn described(mut body: Reader<'_>) -> Result<Found, Problem> {
    let first = body.expect(SEQUENCE)?;
    if body.is_empty() {
        return Err(Problem::Unrecognised);
    }
    match body.next()? {
        (BIT_STRING, bits) => {
            body.end()?;
            algorithm(first)?;
            let [0, key @ ..] = bits else {
                return Err(Problem::Damaged);
            };
            let mut reader = Reader::new(key);
            let mut numbers = Reader::new(reader.expect(SEQUENCE)?);
            reader.end()?;
            let (n, e) = (numbers.unsigned()?, numbers.unsigned()?);
            numbers.end()?;
            Ok(Found::Public {
                n: n.to_vec(),
                e: e.to_vec(),
            })
        }
        (OCTET_STRING, _) => {
            let identifier = Reader::new(first).expect(OBJECT_IDENTIFIER)?;
            if identifier.starts_with(PKCS5) || identifier.starts_with(PKCS12) {
                Err(Problem::Encrypted)
            } else {
                Err(Problem::Unrecognised)
            }
        }
        (SEQUENCE, _) if body.peek() == Some(BIT_STRING) => Err(Problem::Certificate),
        _ => Err(Problem::Unrecognised),
    }
}

/// Accepts the `AlgorithmIdentifier` of a plain RSA key, names the others.
fn algorithm(identifier: &[u8]) -> Result<(), Problem> {
    let mut reader = Reader::new(identifier);
    let identifier = reader.expect(OBJECT_IDENTIFIER)?;
    let found = match (
        identifier.strip_prefix(PKCS1),
        identifier.strip_prefix(EDWARDS),
    ) {
        (Some([1]), _) => {
            // RFC 8017 requires NULL here; some writers omit it.
            return match reader.peek() {
                None | Some(NULL) => Ok(()),
                Some(_) => Err(Problem::Damaged),
            };
        }
        (Some([10]), _) => "an RSA key for PSS signatures only",
        (Some([7]), _) => "an RSA key for encryption only",
        (_, Some([110 | 111])) => "an X25519 or X448 key",
        (_, Some([112])) => "an Ed25519 key",
        (_, Some([113])) => "an Ed448 key",
        _ if identifier == EC => "an EC key",
        _ if identifier == DSA => "a DSA key",
        _ => "a key of another kind",
    };
    Err(Problem::NotRsa(found))
}

/// Writes one element.
pub(super) fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let digits = (length as u64).to_be_bytes();
    let digits = trim_zeros(&digits);
    let mut element = Vec::with_capacity(length + digits.len() + 2);
    element.push(tag);
    match digits {
        [] => element.push(0),
        [digit @ ..0x80] => element.push(*digit),
        // A length of more than eight digits is more than the memory of any machine.
        _ => {
            element.push(0x80 | digits.len() as u8);
            element.extend_from_slice(digits);
        }
    }
    for part in parts {
        element.extend_from_slice(part);
    }
    element
}

/// Writes an integer that is not negative.
pub(super) fn unsigned(digits: &[u8]) -> Vec<u8> {
    match trim_zeros(digits) {
        digits @ [1..=0x7f, ..] => element(INTEGER, &[digits]),
        digits => element(INTEGER, &[&[0], digits]),
    }
}

/// Writes the `AlgorithmIdentifier` of a plain RSA key.
pub(super) fn rsa_algorithm() -> Vec<u8> {
    let identifier = element(OBJECT_IDENTIFIER, &[PKCS1, &[1]]);
    element(SEQUENCE, &[&identifier, &element(NULL, &[])])
}
