//! A chain of providers.

use lunadefend_core::provider::{BoxFuture, SecretError, SecretProvider, SecretVersions};
use std::sync::Arc;

/// Providers that are tried in order until one has the secret.
///
/// Only after [`SecretError::NotFound`] the next provider is tried: a fallback never hides an invalid secret
/// or an unreachable provider.
///
/// ```
/// use lunadefend_secrets::{EnvironmentSecret, FileSecret, SecretChain};
///
/// let key = SecretChain::first(EnvironmentSecret::new("LUNASEC_SIGNING_KEY"))
///     .or_else(FileSecret::new("/run/secrets/lunasec-signing-key"));
/// # drop(key);
/// ```
#[derive(Clone, Debug)]
pub struct SecretChain(Vec<Arc<dyn SecretProvider>>);

impl SecretChain {
    /// Makes a chain that tries this provider first.
    pub fn first(provider: impl SecretProvider) -> Self {
        Self(vec![Arc::new(provider)])
    }

    /// Adds a provider that is tried when no earlier one has the secret.
    #[must_use]
    pub fn or_else(mut self, provider: impl SecretProvider) -> Self {
        self.0.push(Arc::new(provider));
        self
    }
}

impl SecretProvider for SecretChain {
    fn origin(&self) -> String {
        let origins: Vec<_> = self.0.iter().map(|provider| provider.origin()).collect();
        origins.join(", ")
    }

    fn fetch(&self) -> BoxFuture<'_, Result<SecretVersions, SecretError>> {
        Box::pin(async move {
            for provider in &self.0 {
                match provider.fetch().await {
                    Err(SecretError::NotFound { .. }) => {
                        tracing::debug!(origin = provider.origin(), "no secret here");
                    }
                    outcome => return outcome,
                }
            }
            Err(SecretError::NotFound {
                origin: self.origin().into(),
                advice: "put it into one of these places".into(),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EnvironmentSecret, FileSecret, FixedEnvironment, InlineSecret, SecretFn};
    use lunadefend_core::provider::SecretValue;

    fn variable(name: &'static str) -> EnvironmentSecret {
        let environment = FixedEnvironment::from_iter([("SET", "canary"), ("EMPTY", "")]);
        EnvironmentSecret::new(name).with_environment(Arc::new(environment))
    }

    fn fallback() -> InlineSecret {
        InlineSecret::new(SecretValue::new("fallback"), "fallback")
    }

    #[tokio::test]
    async fn the_first_that_there_is() {
        for (chain, expected) in [
            (
                SecretChain::first(variable("SET")).or_else(fallback()),
                "canary",
            ),
            (
                SecretChain::first(variable("UNSET")).or_else(fallback()),
                "fallback",
            ),
            (
                SecretChain::first(variable("EMPTY")).or_else(fallback()),
                "fallback",
            ),
            (
                SecretChain::first(variable("UNSET"))
                    .or_else(SecretChain::first(variable("UNSET")).or_else(variable("SET")))
                    .or_else(fallback()),
                "canary",
            ),
        ] {
            let found = chain.fetch().await.unwrap().current.value;
            assert_eq!(found.expose_secret(), expected.as_bytes());
        }
    }

    #[tokio::test]
    async fn a_wrong_or_unreachable_secret_stops() {
        let folder = tempfile::tempdir().unwrap();
        let chain = SecretChain::first(FileSecret::new(folder.path())).or_else(fallback());
        assert!(matches!(
            chain.fetch().await,
            Err(SecretError::Misconfigured { .. })
        ));
        let down = SecretFn::new("vault", || async {
            Err(SecretError::Unavailable {
                origin: "vault".into(),
                source: None,
            })
        });
        let chain = SecretChain::first(down).or_else(fallback());
        assert!(matches!(
            chain.fetch().await,
            Err(SecretError::Unavailable { .. })
        ));
    }

    #[tokio::test]
    async fn nothing_anywhere_names_every_place() {
        let chain = SecretChain::first(variable("ONE")).or_else(variable("TWO"));
        let error = chain.fetch().await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "no secret at environment variable ONE, environment variable TWO: put it into one of these places"
        );
        assert!(!format!("{chain:?}").contains("canary"));
    }
}
