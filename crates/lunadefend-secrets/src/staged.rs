//! A rotation with a separate place for each version of a secret.

use lunadefend_core::provider::{
    BoxFuture, SecretError, SecretProvider, SecretVersion, SecretVersions,
};
use std::sync::Arc;

/// A secret with separate places for its previous and next versions. It rotates secrets in files or
/// variables, which have no versions.
///
/// The places may be configured permanently and filled only during a rotation: a missing previous or next
/// version is skipped. An unusable one, such as an empty file, is skipped with a warning: it must not block
/// the current version.
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
    /// Makes a secret from its current version. Previous and next versions of this provider are used unless a
    /// place for them is set.
    pub fn new(current: impl SecretProvider) -> Self {
        Self {
            current: Arc::new(current),
            previous: None,
            next: None,
        }
    }

    /// Sets the place of the previous version.
    #[must_use]
    pub fn previous(mut self, provider: impl SecretProvider) -> Self {
        self.previous = Some(Arc::new(provider));
        self
    }

    /// Sets the place of the next version.
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
        Ok(versions) => {
            let mut version = versions.current;
            version
                .origin
                .get_or_insert_with(|| provider.origin().into());
            Ok(Some(version))
        }
        Err(SecretError::NotFound { .. }) => Ok(None),
        Err(error @ SecretError::Misconfigured { .. }) => {
            tracing::warn!(%error, "a previous or next version is left out");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EnvironmentSecret, FileSecret, FixedEnvironment, SecretFn};

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
    async fn a_neighbour_that_is_not_usable_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let empty = folder.path().join("key.next");
        std::fs::write(&empty, "").unwrap();
        // An empty variable, an empty file, a folder.
        for secret in [
            StagedSecret::new(variable("KEY")).next(variable("BAD")),
            StagedSecret::new(variable("KEY")).next(FileSecret::new(&empty)),
            StagedSecret::new(variable("KEY")).next(FileSecret::new(folder.path())),
        ] {
            let versions = secret.previous(variable("OLD")).fetch().await.unwrap();
            assert_eq!(versions.current.value.expose_secret(), b"one");
            let previous = versions.previous.unwrap();
            assert_eq!(previous.origin.unwrap(), "environment variable OLD");
            assert!(versions.next.is_none());
        }
    }

    #[tokio::test]
    async fn no_answer_for_a_neighbour_is_an_error_and_so_is_no_current_version() {
        let down = SecretFn::new("vault", || async {
            Err(SecretError::Unavailable {
                origin: "vault".into(),
                source: None,
            })
        });
        let secret = StagedSecret::new(variable("KEY")).next(down);
        let error = secret.fetch().await.unwrap_err();
        assert!(matches!(error, SecretError::Unavailable { .. }));
        let secret = StagedSecret::new(variable("NONE")).previous(variable("OLD"));
        let error = secret.fetch().await.unwrap_err();
        assert!(matches!(error, SecretError::NotFound { .. }));
    }
}
