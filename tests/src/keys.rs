//! Signing keys, made once for each test program.

use lunadefend::{provider::SecretValue, secrets::InlineSecret};
use lunadefend_crypto::{GeneratedKey, RsaBits};
use secrecy::ExposeSecret;
use std::sync::OnceLock;

/// The application's key.
pub fn signing_key() -> &'static GeneratedKey {
    static KEY: OnceLock<GeneratedKey> = OnceLock::new();
    KEY.get_or_init(generate)
}

/// Another one: that of an application after a rotation, or of an impostor.
pub fn other_key() -> &'static GeneratedKey {
    static KEY: OnceLock<GeneratedKey> = OnceLock::new();
    KEY.get_or_init(generate)
}

fn generate() -> GeneratedKey {
    GeneratedKey::generate(RsaBits::Rsa2048).unwrap()
}

/// A key as text.
#[must_use]
pub fn pem(key: &GeneratedKey) -> &str {
    key.pem.expose_secret()
}

/// A key as an application is configured with it.
#[must_use]
pub fn provider(key: &GeneratedKey) -> InlineSecret {
    let pem = SecretValue::new(pem(key).as_bytes());
    InlineSecret::new(pem, "the key of the test")
}
