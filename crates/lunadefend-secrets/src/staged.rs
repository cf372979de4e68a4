//! A rotation that is spelled out: the versions of one secret, each from a place of its own.

use lunadefend_core::{BoxFuture, SecretError, SecretProvider, SecretVersion, SecretVersions};
use std::sync::Arc;

/// One secret whose previous and next versions are in places of their own: how a secret is rotated
/// that is kept in files or variables, which have no versions.
///
/// A neighbour that is not found is none: the places may be named for good, and filled while a
/// rotation is under way.
///
/// ```
/// use lunadefend_secrets::{FileSecret, StagedSecret};
///
/// let key = StagedSecret::new(FileSecret::new("/run/secrets/signing-key"))
///     .previous(FileSecret::new("/run/secrets/signing-key.previous"))
///     .next(FileSecret::new("/run/secrets/signing-key.next"));
/// # drop(key);
/// ```
#[derive(Clone, Debug)]
pub struct StagedSecret {
    current: Arc<dyn SecretProvider>,
    previous: Option<Arc<dyn SecretProvider>>,
    next: Option<Arc<dyn SecretProvider>>,
}

impl StagedSecret {
    /// Starts with the version in use. Neighbours that this provider knows of itself are kept, unless
    /// a place for them is named.
    pub fn new(current: impl SecretProvider) -> Self {
        Self {
            current: Arc::new(current),
            previous: None,
            next: None,
        }
    }

    /// Where the version before it is.
    #[must_use]
    pub fn previous(mut self, provider: impl SecretProvider) -> Self {
        self.previous = Some(Arc::new(provider));
        self
    }

    /// Where the version after it is.
    #[must_use]
    pub fn next(mut self, provider: impl SecretProvider) -> Self {
        self.next = Some(Arc::new(provider));
        self
    }
}

impl SecretProvider for StagedSecret {
    fn origin(&self) -> String {
        self.current.origin()
    }

    fn fetch(&self) -> BoxFuture<'_, Result<SecretVersions, SecretError>> {
        Box::pin(async move {
            let mut versions = self.current.fetch().await?;
            if let Some(provider) = &self.previous {
                versions.previous = neighbour(&**provider).await?;
            }
            if let Some(provider) = &self.next {
                versions.next = neighbour(&**provider).await?;
            }
            Ok(versions)
        })
    }
}

async fn neighbour(provider: &dyn SecretProvider) -> Result<Option<SecretVersion>, SecretError> {
    match provider.fetch().await {
        Ok(versions) => Ok(Some(versions.current)),
        Err(SecretError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EnvironmentSecret, FixedEnvironment};

    fn variable(name: &'static str) -> EnvironmentSecret {
        let environment =
            FixedEnvironment::from_iter([("KEY", "one"), ("OLD", "two"), ("BAD", "")]);
        EnvironmentSecret::new(name).with_environment(Arc::new(environment))
    }

    #[tokio::test]
    async fn neighbours_that_are_there() {
        let secret = StagedSecret::new(variable("KEY"))
            .previous(variable("OLD"))
            .next(variable("NEW"));
        assert_eq!(secret.origin(), "environment variable KEY");
        let versions = secret.fetch().await.unwrap();
        assert_eq!(versions.current.value.expose_secret(), b"one");
        let previous = versions.previous.unwrap();
        assert_eq!(previous.value.expose_secret(), b"two");
        assert!(versions.next.is_none());
    }

    #[tokio::test]
    async fn a_neighbour_that_is_wrong_is_an_error() {
        let secret = StagedSecret::new(variable("KEY")).next(variable("BAD"));
        let error = secret.fetch().await.unwrap_err();
        assert!(error.to_string().contains("BAD"), "{error}");
        let secret = StagedSecret::new(variable("NONE")).previous(variable("OLD"));
        let error = secret.fetch().await.unwrap_err();
        assert!(matches!(error, SecretError::NotFound { .. }));
    }
}
