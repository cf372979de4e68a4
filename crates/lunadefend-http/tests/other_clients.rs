//! A program with its own `reqwest::Client` beside this crate. Cargo unifies its features with this crate's.
//! If the program enables no TLS feature, reqwest has TLS through this crate and no crypto library for it.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "clippy takes the helpers of tests for production code, and this is a program, which may install"
)]

use lunadefend_http::HttpClient;
use std::panic::catch_unwind;

fn ours() -> HttpClient {
    HttpClient::builder().build().unwrap()
}

fn theirs() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder().build()
}

/// One test, because its effect holds for the whole process.
#[test]
fn another_client_of_the_program_works_as_the_readme_says() {
    // This crate's client reads nothing process-wide, and changes nothing for the others.
    drop(ours());
    assert!(rustls::crypto::CryptoProvider::get_default().is_none());
    // As long as this holds, the README has to say what to do.
    assert!(
        catch_unwind(theirs).is_err(),
        "say it no more in the README"
    );

    // For one client.
    let roots = rustls::RootCertStore::empty();
    let provider = rustls::crypto::ring::default_provider();
    let tls = rustls::ClientConfig::builder_with_provider(provider.clone().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let one = reqwest::Client::builder().tls_backend_preconfigured(tls);
    assert!(one.build().is_ok());
    assert!(rustls::crypto::CryptoProvider::get_default().is_none());

    // For all of them, at the start of `main`.
    provider.install_default().unwrap();
    assert!(theirs().is_ok());
    drop(ours());
}
