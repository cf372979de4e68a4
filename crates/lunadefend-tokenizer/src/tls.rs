//! The certificate with which the server speaks TLS, exchanged when its files change.

mod error;
mod pair;

pub use error::TlsError;

use pair::{Digest, Pair};
use rustls::{
    ServerConfig,
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
    version::{TLS12, TLS13},
};
use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock},
};

/// The names of the protocols inside TLS.
pub(crate) const HTTP2: &[u8] = b"h2";
const HTTP1: &[u8] = b"http/1.1";

/// TLS of a server: 1.2 and 1.3, with one certificate, for HTTP/2 and HTTP/1.1. Cheap to clone; all clones share the certificate.
///
/// [`serve_tls`](crate::serve_tls) looks at its files once a minute.
#[derive(Clone)]
pub struct Tls(Arc<Inner>);

struct Inner {
    config: Arc<ServerConfig>,
    certificate: Arc<Certificate>,
    files: Option<Files>,
}

/// The files of a certificate and its key.
struct Files {
    certificate: PathBuf,
    key: PathBuf,
    /// What they had when they were last looked at; `None` when they could not be read.
    seen: Mutex<Option<Digest>>,
}

/// What came of a look at the files.
#[derive(Debug)]
pub(crate) enum Look {
    /// They have what they had at the last look.
    Unchanged,
    /// They have another pair, which new connections get from now on.
    Exchanged,
    /// What they have is of no use, and the certificate stays as it was.
    Kept(TlsError),
}

impl Tls {
    /// Reads PEM files: the certificate, followed by those of its issuers except the root, and its key.
    ///
    /// # Errors
    /// A [`TlsError`] when a file cannot be read or has nothing usable, or when the two do not belong together.
    pub fn from_files(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let pair = Pair::read(certificate, key)?;
        let files = Files {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
            seen: Mutex::new(Some(pair.digest())),
        };
        Self::new(&pair, Some(files))
    }

    /// Takes the content of such files. It is never exchanged.
    ///
    /// # Errors
    /// As for [`from_files`](Self::from_files).
    pub fn from_pem(certificate: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        Self::new(&Pair::of(certificate, key), None)
    }

    fn new(pair: &Pair, files: Option<Files>) -> Result<Self, TlsError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let certificate = Arc::new(Certificate::new(pair.parse(&provider)?));
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(TlsError::unusable)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&certificate) as Arc<dyn ResolvesServerCert>);
        // The first one that the client has too.
        config.alpn_protocols = vec![HTTP2.to_vec(), HTTP1.to_vec()];
        Ok(Self(Arc::new(Inner {
            config: Arc::new(config),
            certificate,
            files,
        })))
    }

    /// Looks at the files, and exchanges the certificate when they have another pair. Running connections keep theirs. It
    /// compares what is in them: the files of a mounted secret or of certbot are links whose times say nothing.
    ///
    /// A pair that is broken, or half written, changes nothing; the log says so once. It blocks while it reads.
    pub fn look_again(&self) {
        match self.look() {
            Look::Unchanged => {}
            Look::Exchanged => {
                tracing::info!("the certificate was exchanged: its files have another one")
            }
            Look::Kept(error) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the certificate was not exchanged, and the last one stays in use: its files are looked at again each minute"
            ),
        }
    }

    pub(crate) fn look(&self) -> Look {
        let Some(files) = &self.0.files else {
            return Look::Unchanged;
        };
        let pair = Pair::read(&files.certificate, &files.key);
        let found = pair.as_ref().ok().map(Pair::digest);
        {
            let mut seen = files.seen.lock().unwrap_or_else(PoisonError::into_inner);
            if *seen == found {
                return Look::Unchanged;
            }
            *seen = found;
        }
        match pair.and_then(|pair| pair.parse(self.0.config.crypto_provider())) {
            Ok(parsed) => {
                self.0.certificate.exchange(parsed);
                Look::Exchanged
            }
            Err(error) => Look::Kept(error),
        }
    }

    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.0.config)
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files = self.0.files.as_ref();
        f.debug_struct("Tls")
            .field("certificate", &files.map(|files| &files.certificate))
            .field("key", &files.map(|files| &files.key))
            .finish_non_exhaustive()
    }
}

/// The certificate of new connections.
#[derive(Debug)]
struct Certificate(RwLock<Arc<CertifiedKey>>);

impl Certificate {
    fn new(key: CertifiedKey) -> Self {
        Self(RwLock::new(Arc::new(key)))
    }

    fn exchange(&self, key: CertifiedKey) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(key);
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let key = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&key))
    }
}

#[cfg(test)]
mod tests;
