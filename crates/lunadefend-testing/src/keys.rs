//! Signing keys made for a test.

use lunadefend_core::provider::{
    BoxFuture, SecretError, SecretProvider, SecretValue, SecretVersions,
};
use lunadefend_crypto::{GeneratedKey, RsaBits, SigningKey};
use secrecy::{ExposeSecret, SecretString};

/// An RSA key of 2048 bits that is made when a test asks for it, and in no file.
///
/// It is a secret provider: hand it to `LunaDefend::builder(url).signing_key(..)`. Making one takes a fraction
/// of a second with `opt-level = 3` for `crypto-bigint` and `crypto-primes`, and several seconds without; tests
/// of one program can share one by a `LazyLock`.
#[derive(Clone, Debug)]
pub struct TestKey(GeneratedKey);

impl TestKey {
    /// Makes a key.
    ///
    /// # Panics
    /// When the operating system gives no randomness.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test without randomness fails")]
    pub fn generate() -> Self {
        Self(GeneratedKey::generate(RsaBits::Rsa2048).expect("a new key"))
    }

    /// The key, to sign with.
    #[must_use]
    pub fn signing_key(&self) -> &SigningKey {
        &self.0.key
    }

    /// The key as text: what `LUNASEC_SIGNING_KEY` may be set to.
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
