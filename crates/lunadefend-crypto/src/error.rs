//! Errors that say nothing about secrets.

/// A failed cryptographic operation.
///
/// Opaque on purpose: the caller must not learn why a ciphertext was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CryptoError {
    /// The operating system returned no random numbers.
    #[error("the operating system's random number generator failed")]
    Random,
    /// The private key could not sign.
    #[error("signing failed")]
    Sign,
    /// The text is too long to be encrypted under one nonce.
    #[error("encryption failed: the text is too long")]
    Seal,
    /// The ciphertext, its nonce, its associated data or the key differs from those at sealing.
    #[error("decryption failed: the data was changed or belongs to another key")]
    Open,
    /// Generation produced no usable key.
    #[error("generating the key failed: try again")]
    Generate,
}

/// The error for a signature that does not match the message and the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signature is not valid")]
pub struct InvalidSignature;
