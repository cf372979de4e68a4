//! Why TLS cannot be configured.

use lunadefend_core::provider::BoxError;
use std::{io, path::PathBuf};

/// Why a certificate and its key cannot be used.
///
/// # Security
/// No text has anything of a file's content.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{} cannot be read: the user that runs the tokenizer must be able to read the certificate and its key", path.display())]
    Unreadable {
        /// The path of the file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// There is no certificate in PEM.
    #[error(
        "there is no certificate in the certificate's file: it must be PEM, first the server's certificate and then those of its issuers (fullchain.pem of certbot, tls.crt of Kubernetes)"
    )]
    NoCertificate,
    /// There is no key in PEM.
    #[error(
        "there is no private key in the key's file: it must be PEM and not encrypted (privkey.pem of certbot, tls.key of Kubernetes)"
    )]
    NoKey,
    /// The key is that of another certificate.
    #[error(
        "the certificate and the key do not belong together: name the key with which this certificate was requested, and have the server's certificate first in its file"
    )]
    Mismatch,
    /// The certificate or the key is none that TLS can be spoken with.
    #[error(
        "the certificate or its key cannot be used: it must be X.509 with RSA of 2048 to 4096 bits, ECDSA on P-256 or P-384, or Ed25519"
    )]
    Unusable {
        /// The cause.
        #[source]
        source: BoxError,
    },
}

impl TlsError {
    pub(super) fn unusable(source: rustls::Error) -> Self {
        match source {
            rustls::Error::InconsistentKeys(_) => Self::Mismatch,
            source => Self::Unusable {
                source: source.into(),
            },
        }
    }
}
