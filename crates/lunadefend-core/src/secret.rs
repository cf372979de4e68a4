//! Sources of secrets: signing keys, session keys, master keys.

use crate::provider::{BoxError, BoxFuture};
use secrecy::{ExposeSecret, SecretSlice};
use std::{borrow::Cow, fmt, sync::Arc, time::SystemTime};

/// The bytes of a secret, wiped when dropped; `Debug` prints none of them.
#[derive(Clone)]
pub struct SecretValue(SecretSlice<u8>);

impl SecretValue {
    /// Takes ownership of the bytes.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(SecretSlice::from(bytes.into()))
    }

    /// Returns the bytes.
    ///
    /// # Security
    /// Parse them and drop the borrow; do not copy them into a plain buffer.
    #[must_use]
    pub fn expose_secret(&self) -> &[u8] {
        self.0.expose_secret()
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretValue(..)")
    }
}

/// One version of a secret.
#[derive(Clone, Debug)]
pub struct SecretVersion {
    /// The secret.
    pub value: SecretValue,
    /// The creation time of this version, if the provider knows it; it times the switch to a new signing key.
    pub created: Option<SystemTime>,
    /// The place of this version, if it differs from the provider's [`origin`](SecretProvider::origin).
    /// Errors about this version name it.
    pub origin: Option<Cow<'static, str>>,
}

/// The current version of a secret and, during a rotation, its neighbours.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SecretVersions {
    /// The version in use.
    pub current: SecretVersion,
    /// The previous version, still published so that its signatures can be verified.
    pub previous: Option<SecretVersion>,
    /// The next version, published before it is used.
    pub next: Option<SecretVersion>,
}

impl SecretVersions {
    /// Makes a secret that is not being rotated.
    #[must_use]
    pub const fn only(current: SecretVersion) -> Self {
        Self {
            current,
            previous: None,
            next: None,
        }
    }
}

impl From<SecretValue> for SecretVersions {
    fn from(value: SecretValue) -> Self {
        Self::only(SecretVersion {
            value,
            created: None,
            origin: None,
        })
    }
}

/// Why a provider could not supply a secret. The messages name the source, never the value.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// The provider has no such secret; a chain tries the next provider.
    #[error("no secret at {origin}: {advice}")]
    NotFound {
        /// The place that was searched, such as `environment variable LUNASEC_SIGNING_KEY`.
        origin: Cow<'static, str>,
        /// What to do about it.
        advice: Cow<'static, str>,
    },
    /// The secret or its settings are invalid; a chain stops.
    #[error("the secret at {origin} is not usable: {advice}")]
    Misconfigured {
        /// Where the secret is.
        origin: Cow<'static, str>,
        /// What to do about it.
        advice: Cow<'static, str>,
        /// The cause.
        #[source]
        source: Option<BoxError>,
    },
    /// The provider is unreachable now; a chain stops.
    #[error("the secret at {origin} is not available now")]
    Unavailable {
        /// Where the secret is.
        origin: Cow<'static, str>,
        /// The cause.
        #[source]
        source: Option<BoxError>,
    },
}

/// Writes the text of `Display` and the causes: a `main` that returns the error prints it.
impl fmt::Debug for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        crate::provider::fmt_with_causes(self, f)
    }
}

/// A source of a secret.
///
/// ```
/// use lunadefend_core::provider::{BoxFuture, SecretError, SecretProvider, SecretValue, SecretVersions};
///
/// /// A secret that another process wrote to a pipe of ours.
/// #[derive(Debug)]
/// struct Pipe(std::path::PathBuf);
///
/// impl SecretProvider for Pipe {
///     fn origin(&self) -> String {
///         format!("pipe {}", self.0.display())
///     }
///
///     fn fetch(&self) -> BoxFuture<'_, Result<SecretVersions, SecretError>> {
///         Box::pin(async move {
///             let bytes = std::fs::read(&self.0).map_err(|cause| SecretError::Unavailable {
///                 origin: self.origin().into(),
///                 source: Some(cause.into()),
///             })?;
///             Ok(SecretValue::new(bytes).into())
///         })
///     }
/// }
/// ```
pub trait SecretProvider: fmt::Debug + Send + Sync + 'static {
    /// Names the source for error messages, such as `environment variable LUNASEC_SIGNING_KEY`.
    fn origin(&self) -> String;

    /// Fetches the versions that are valid now.
    fn fetch(&self) -> BoxFuture<'_, Result<SecretVersions, SecretError>>;
}

#[deny(clippy::missing_trait_methods)]
impl<T: SecretProvider + ?Sized> SecretProvider for Arc<T> {
    fn origin(&self) -> String {
        (**self).origin()
    }

    fn fetch(&self) -> BoxFuture<'_, Result<SecretVersions, SecretError>> {
        (**self).fetch()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_main_that_returns_the_error_prints_what_to_do() {
        let cause = SecretError::Unavailable {
            origin: "vault b".into(),
            source: None,
        };
        let error = SecretError::Misconfigured {
            origin: "vault a".into(),
            advice: "name another".into(),
            source: Some(cause.into()),
        };
        assert_eq!(
            format!("{error:?}"),
            "the secret at vault a is not usable: name another: the secret at vault b is not available now"
        );
    }
}
