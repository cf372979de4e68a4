//! Signing keys made for a test.

use lunadefend_core::provider::{
    BoxFuture, SecretError, SecretProvider, SecretValue, SecretVersions,
};
use lunadefend_crypto::{GeneratedKey, RsaBits, SigningKey};
use secrecy::{ExposeSecret, SecretString};

/// A 2048-bit RSA key that is generated for a test, and stored in no file.
///
/// It is a secret provider: pass it to `LunaDefend::builder(url).signing_key(..)`. Generating one takes a
/// fraction of a second with `opt-level = 3` for `crypto-bigint` and `crypto-primes`, and several seconds
/// without. The tests of one program can share one in a `LazyLock`.
#[derive(Clone, Debug)]
pub struct TestKey(GeneratedKey);

impl TestKey {
    /// Generates a key.
    ///
    /// # Panics
    /// When the operating system returns no randomness.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test without randomness fails")]
    pub fn generate() -> Self {
        Self(GeneratedKey::generate(RsaBits::Rsa2048).expect("a new key"))
    }

    /// Returns the key for signing.
    #[must_use]
    pub fn signing_key(&self) -> &SigningKey {
        &self.0.key
    }

    /// Returns the key as text: a value for `LUNASEC_SIGNING_KEY`.
    #[must_use]
    pub fn pem(&self) -> &SecretString {
        &self.0.pem
    }
}

impl SecretProvider for TestKey {
    fn origin(&self) -> String {
        "the key of the test".to_owned()
    }

    fn fetch(&self) -> BoxFuture<'_, Result<SecretVersions, SecretError>> {
        let pem = self.0.pem.expose_secret().as_bytes();
        Box::pin(async move { Ok(SecretValue::new(pem).into()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_an_application_loads_is_the_key() {
        let key = TestKey::generate();
        let loaded = key.fetch().await.unwrap().current.value;
        let loaded = SigningKey::parse(loaded.expose_secret(), "test").unwrap();
        assert_eq!(loaded.public_key(), key.signing_key().public_key());
        assert!(!format!("{key:?}").contains("PRIVATE"));
    }
}
