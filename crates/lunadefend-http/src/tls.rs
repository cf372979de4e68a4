//! The TLS configuration: passed explicitly, with one crypto library.

use crate::HttpError;
use rustls::{ClientConfig, pki_types::CertificateDer};
use rustls_platform_verifier::Verifier;
use std::sync::Arc;

const ADVICE_CA: &str = "no CA certificates were found: install those of the system (package `ca-certificates`); where SSL_CERT_FILE or SSL_CERT_DIR is set, it names a file or folder that is missing or has no PEM certificate in it";
const ADVICE_TLS: &str = "TLS cannot be configured";

/// Returns a configuration that trusts the system's root certificates and `roots`.
pub(crate) fn trusting_system(
    roots: Vec<CertificateDer<'static>>,
) -> Result<ClientConfig, HttpError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier =
        Verifier::new_with_extra_roots(roots, Arc::clone(&provider)).map_err(|source| {
            HttpError::Build {
                advice: ADVICE_CA,
                source: source.into(),
            }
        })?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(build_error)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    if cfg!(feature = "http2") {
        config.alpn_protocols.push(b"h2".to_vec());
    }
    config.alpn_protocols.push(b"http/1.1".to_vec());
    Ok(config)
}

fn build_error(source: rustls::Error) -> HttpError {
    HttpError::Build {
        advice: ADVICE_TLS,
        source: source.into(),
    }
}
