//! Why a JWT or a key set is refused.

use lunadefend_core::wire::StrictError;

/// Why a JWT is refused. Contains no part of the JWT.
///
/// # Security
/// For logs only: tell a peer no more than that its JWT is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JwtError {
    /// Not three parts of canonical base64url, or longer than 8 KiB.
    #[error("not a JWT in compact serialisation of at most 8 KiB")]
    Malformed,
    /// The header is not strict JSON, or has no `alg`.
    #[error("the JWT's header cannot be read")]
    Header(#[source] StrictError),
    /// Another algorithm than `RS256`.
    #[error("the JWT's algorithm is not RS256")]
    Algorithm,
    /// A header parameter that supplies its own trust, or that this verifier does not know.
    #[error("the JWT's header has `{0}`, which is not allowed")]
    Parameter(&'static str),
    /// An unknown `typ`.
    #[error("the JWT is of an unknown type")]
    Type,
    /// No key to verify it with.
    #[error("no key is known for the JWT")]
    UnknownKey,
    /// Not signed by any of the keys, or changed after signing.
    #[error("the JWT's signature is not valid")]
    Signature,
    /// The claims are not strict JSON, a required one is missing, or one has the wrong type.
    #[error("the JWT's claims cannot be read")]
    Claims(#[source] StrictError),
    /// A claim has a value that is not accepted.
    #[error("the JWT's claim `{0}` is not accepted")]
    Claim(&'static str),
    /// `exp` is past.
    #[error("the JWT has expired: check both clocks")]
    Expired,
    /// `iat` or `nbf` is too far ahead.
    #[error("the JWT is not valid yet: check both clocks")]
    NotYetValid,
    /// `exp` is before `iat`, or too long after it.
    #[error("the JWT's lifetime is not accepted")]
    Lifetime,
}

/// Why a key set is refused. Contains no part of the key set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JwksError {
    /// Longer than 64 KiB.
    #[error("the key set is longer than 64 KiB")]
    TooLarge,
    /// Not a JSON object with an array `keys` of objects.
    #[error("the key set cannot be read")]
    Malformed(#[source] StrictError),
    /// More than 16 keys.
    #[error("the key set has more than 16 keys")]
    TooManyKeys,
    /// A private or symmetric key is published.
    #[error("the key set publishes a private key: replace that key at once")]
    PrivateKey,
    /// One `kid` stands for different keys.
    #[error("the key set has different keys under one `kid`")]
    AmbiguousKid,
    /// The only key is the demo key that LunaSec publishes.
    #[error("the key set has only the published demo key, with which anyone can sign")]
    DemoKey,
    /// No RSA key for RS256 signatures of 2048 to 8192 bits.
    #[error("the key set has no usable RSA key for RS256 signatures")]
    NoUsableKey,
}
