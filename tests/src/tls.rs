//! TLS of a test's own servers.

use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

/// A new certificate for these names, which nobody trusts unless told to: what speaks TLS with it, and the certificate in
/// PEM.
///
/// # Panics
/// When a name is none.
#[must_use]
pub fn self_signed(names: &[&str]) -> (TlsAcceptor, String) {
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], PrivateKeyDer::Pkcs8(key));
    let acceptor = TlsAcceptor::from(Arc::new(config.unwrap()));
    (acceptor, made.cert.pem())
}
