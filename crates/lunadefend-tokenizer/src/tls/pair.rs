//! A certificate and its key as files have them.

use super::TlsError;
use lunadefend_crypto::sha256;
use rustls::{
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};
use std::{fs, path::Path};
use zeroize::Zeroizing;

/// The hashes of both files.
pub(super) type Digest = [[u8; 32]; 2];

/// The content of both files, not looked into.
pub(super) struct Pair {
    certificate: Vec<u8>,
    key: Zeroizing<Vec<u8>>,
}

impl Pair {
    pub(super) fn of(certificate: &[u8], key: &[u8]) -> Self {
        Self {
            certificate: certificate.to_vec(),
            key: Zeroizing::new(key.to_vec()),
        }
    }

    pub(super) fn read(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let read = |path: &Path| {
            fs::read(path).map_err(|source| TlsError::Unreadable {
                path: path.to_owned(),
                source,
            })
        };
        Ok(Self {
            certificate: read(certificate)?,
            key: Zeroizing::new(read(key)?),
        })
    }

    pub(super) fn digest(&self) -> Digest {
        [sha256(&self.certificate), sha256(&self.key)]
    }

    /// Parses both, and refuses a key that is not the certificate's.
    pub(super) fn parse(&self, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
        let chain: Vec<_> = CertificateDer::pem_slice_iter(&self.certificate)
            .collect::<Result<_, _>>()
            .map_err(|_| TlsError::NoCertificate)?;
        if chain.is_empty() {
            return Err(TlsError::NoCertificate);
        }
        let key = PrivateKeyDer::from_pem_slice(&self.key).map_err(|_| TlsError::NoKey)?;
        CertifiedKey::from_der(chain, key, provider).map_err(TlsError::unusable)
    }
}
