//! Signing keys, made once for each test program.

use lunadefend_crypto::{GeneratedKey, RsaBits};
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
