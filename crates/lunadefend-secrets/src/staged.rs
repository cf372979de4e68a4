//! A rotation that is spelled out: the versions of one secret, each from a place of its own.

use lunadefend_core::provider::{
    BoxFuture, SecretError, SecretProvider, SecretVersion, SecretVersions,
};
use std::sync::Arc;

/// One secret whose previous and next versions are in places of their own: how a secret is rotated
/// that is kept in files or variables, which have no versions.
///
/// A neighbour that is not found is none: the places may be named for good, and filled while a
/// rotation is under way. One that is not usable, such as an empty file, is left out with a warning: it must not
/// keep the current version from being used.
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
        // A variable that is empty, an empty file, a folder.
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
