//! Why a key is refused.

use super::problem::Problem;
use std::fmt;

/// Why a key is refused, and what to do about it.
///
/// Every text starts with the caller's `origin`, such as `environment variable LUNASEC_SIGNING_KEY`, and
/// contains no part of the input.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The setting is present but empty.
    #[error("{origin} is set but empty: put a key there, or unset it")]
    Empty {
        /// The source of the input.
        origin: String,
    },
    /// A word that other programs write for a missing value.
    #[error("{origin} is the word `{word}`: what set it had no value; put the key there")]
    NoValue {
        /// The source of the input.
        origin: String,
        /// The word, such as `undefined`.
        word: &'static str,
    },
    /// PEM with hyphens that a word processor or a wiki has replaced.
    #[error(
        "{origin} is PEM with typographic dashes: copy it as plain text, with five hyphens on each side of BEGIN and END"
    )]
    Dashes {
        /// The source of the input.
        origin: String,
    },
    /// Text that is neither PEM nor base64.
    #[error(
        "{origin} is not base64: expected a key as PEM, or base64 of a PEM or DER file (the content of the file, not its name)"
    )]
    NotBase64 {
        /// The source of the input.
        origin: String,
    },
    /// The end of the key is missing.
    #[error("{origin} is truncated: the end of the key is missing; copy the whole file")]
    Truncated {
        /// The source of the input.
        origin: String,
    },
    /// Protected by a passphrase.
    #[error(
        "{origin} is encrypted: remove the passphrase from a copy of it (OpenSSH: `ssh-keygen -p -N '' -f FILE`; PEM: `openssl pkey -in FILE -out NEW`)"
    )]
    Encrypted {
        /// The source of the input.
        origin: String,
    },
    /// A public key where a private key is needed.
    #[error(
        "{origin} is a public key: signing needs the private key (of the pair that `ssh-keygen` writes, the file without .pub)"
    )]
    PublicKey {
        /// The source of the input.
        origin: String,
    },
    /// A private key where a public key is needed.
    #[error(
        "{origin} is a private key: give the public key only (`openssl pkey -in FILE -pubout`, or for OpenSSH `ssh-keygen -e -m PKCS8 -f FILE`), and keep the private key out of this configuration"
    )]
    PrivateKey {
        /// The source of the input.
        origin: String,
    },
    /// A certificate, or a request for one.
    #[error("{origin} is a certificate: give the key itself")]
    Certificate {
        /// The source of the input.
        origin: String,
    },
    /// A key of another algorithm.
    #[error("{origin} is {found}: an RSA key is needed (`ssh-keygen -t rsa -b 3072 -N ''`)")]
    NotRsa {
        /// The source of the input.
        origin: String,
        /// The kind of key, such as `an Ed25519 key`.
        found: &'static str,
    },
    /// Under 2048 bits.
    #[error("{origin} is an RSA key of only {bits} bits: make one of 3072 bits (at least 2048)")]
    TooShort {
        /// The source of the input.
        origin: String,
        /// The length of the modulus, in bits.
        bits: usize,
    },
    /// Over 4096 bits for signing, over 8192 for verifying.
    #[error("{origin} is an RSA key of {bits} bits: make one of 3072 bits (at most {maximum})")]
    TooLong {
        /// The source of the input.
        origin: String,
        /// The length of the modulus, in bits.
        bits: usize,
        /// The longest accepted modulus, in bits.
        maximum: usize,
    },
    /// A private key with an unusual length.
    #[error(
        "{origin} is an RSA key of {bits} bits: make one of 3072 bits (2048, 3072 and 4096 are supported)"
    )]
    OddLength {
        /// The source of the input.
        origin: String,
        /// The length of the modulus, in bits.
        bits: usize,
    },
    /// A public exponent that is even, under 65537, or longer than 33 bits.
    #[error(
        "{origin} is an RSA key with an unsafe public exponent: make a new key (its exponent will be 65537)"
    )]
    Exponent {
        /// The source of the input.
        origin: String,
    },
    /// The key that LunaSec publishes in its documentation and tools.
    #[error(
        "{origin} is the published demo key, with which anyone can sign: make your own key (`ssh-keygen -t rsa -b 3072 -N ''`)"
    )]
    DemoKey {
        /// The source of the input.
        origin: String,
    },
    /// A known format that is not supported.
    #[error("{origin} is {found}: convert it to PEM (PKCS#8, PKCS#1 or OpenSSH)")]
    Unsupported {
        /// The source of the input.
        origin: String,
        /// The format, such as `a PuTTY key file`.
        found: &'static str,
    },
    /// Not in any known format.
    #[error(
        "{origin} is not a key in a known format: expected an RSA key in OpenSSH, PKCS#8 or PKCS#1 format, as PEM or DER, or base64 of it"
    )]
    Unrecognised {
        /// The source of the input.
        origin: String,
    },
    /// The format is known, but the content is damaged or its numbers do not fit together.
    #[error("{origin} is a damaged RSA key: copy the file again, or make a new key")]
    Invalid {
        /// The source of the input.
        origin: String,
    },
}

/// Prints the same as `Display`, for a `main` that returns the error.
impl fmt::Debug for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl KeyError {
    /// Returns the source of the key, as the caller named it.
    #[must_use]
    pub fn origin(&self) -> &str {
        match self {
            Self::Empty { origin }
            | Self::NoValue { origin, .. }
            | Self::Dashes { origin }
            | Self::NotBase64 { origin }
            | Self::Truncated { origin }
            | Self::Encrypted { origin }
            | Self::PublicKey { origin }
            | Self::PrivateKey { origin }
            | Self::Certificate { origin }
            | Self::NotRsa { origin, .. }
            | Self::TooShort { origin, .. }
            | Self::TooLong { origin, .. }
            | Self::OddLength { origin, .. }
            | Self::Exponent { origin }
            | Self::DemoKey { origin }
            | Self::Unsupported { origin, .. }
            | Self::Unrecognised { origin }
            | Self::Invalid { origin } => origin,
        }
    }

    pub(super) fn from_problem(problem: Problem, origin: &str) -> Self {
        let origin = origin.to_owned();
        match problem {
            Problem::Empty => Self::Empty { origin },
            Problem::NoValue(word) => Self::NoValue { origin, word },
            Problem::Dashes => Self::Dashes { origin },
            Problem::NotBase64 => Self::NotBase64 { origin },
            Problem::Truncated => Self::Truncated { origin },
            Problem::Encrypted => Self::Encrypted { origin },
            Problem::Certificate => Self::Certificate { origin },
            Problem::NotRsa(found) => Self::NotRsa { origin, found },
            Problem::Unsupported(found) => Self::Unsupported { origin, found },
            Problem::Unrecognised => Self::Unrecognised { origin },
            Problem::Damaged => Self::Invalid { origin },
        }
    }
}
