//! Where a signing key, a session key or a master key comes from.

use crate::provider::{BoxError, BoxFuture};
use secrecy::{ExposeSecret, SecretSlice};
use std::{borrow::Cow, fmt, sync::Arc, time::SystemTime};

/// A secret's bytes, wiped when dropped; `Debug` prints none of them.
#[derive(Clone)]
pub struct SecretValue(SecretSlice<u8>);

impl SecretValue {
    /// Takes the bytes over.
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
    /// When this version was made, when the provider knows: the switch to a new signing key is
    /// timed by it.
    pub created: Option<SystemTime>,
    /// Where it is, when that is another place than the provider's [`origin`](SecretProvider::origin): errors
    /// about this version name it.
    pub origin: Option<Cow<'static, str>>,
}

/// The current version of a secret and, during a rotation, its neighbours.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SecretVersions {
    /// The version in use.
    pub current: SecretVersion,
    /// The version before it, still published so that what it signed can be verified.
    pub previous: Option<SecretVersion>,
    /// The version after it, published before it is used.
    pub next: Option<SecretVersion>,
}

impl SecretVersions {
    /// Returns a secret that is not being rotated.
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

/// Why a secret could not be had. The messages name the source, never the value.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// There is no such secret here; a chain asks the next provider.
    #[error("no secret at {origin}: {advice}")]
    NotFound {
        /// Where was looked, such as `environment variable LUNASEC_SIGNING_KEY`.
        origin: Cow<'static, str>,
        /// What to do about it.
        advice: Cow<'static, str>,
    },
    /// There is one, and it or its description is wrong; a chain stops.
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
    /// The provider cannot be reached now; a chain stops.
    #[error("the secret at {origin} is not available now")]
    Unavailable {
        /// Where the secret is.
        origin: Cow<'static, str>,
        /// The cause.
        #[source]
        source: Option<BoxError>,
    },
}

/// What a `main` that returns it prints: as `Display`, and the causes.
impl fmt::Debug for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        crate::provider::fmt_with_causes(self, f)
    }
}

/// A place that secrets come from.
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
