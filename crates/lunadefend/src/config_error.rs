//! The errors of a configuration.

use lunadefend_client::{BuildError, SigningKeysError};
use lunadefend_core::provider::{SecretError, SettingError};
use lunadefend_crypto::KeyError;
use lunadefend_http::{HttpError, UrlError};
use std::fmt;

/// Why a `LunaDefend` cannot be built. Every text names the setting and says what to do; none contains
/// a secret.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A setting or the configuration file is missing or invalid.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// A URL cannot be used.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// A provider cannot supply a secret.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The signing key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The HTTP client cannot be set up.
    #[error(transparent)]
    Http(#[from] HttpError),
}

/// Writes the text of `Display` and the causes: a `main` that returns the error prints it.
impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        lunadefend_core::provider::fmt_with_causes(self, f)
    }
}

impl From<SigningKeysError> for ConfigError {
    fn from(error: SigningKeysError) -> Self {
        match error {
            SigningKeysError::Secret(error) => Self::Secret(error),
            SigningKeysError::Key(error) => Self::Key(error),
            other => SettingError::wrong("the signing key", other.to_string()).into(),
        }
    }
}

impl From<BuildError> for ConfigError {
    fn from(error: BuildError) -> Self {
        match error {
            BuildError::Setting(error) => Self::Setting(error),
            BuildError::Http(error) => Self::Http(error),
            other => SettingError::wrong("the client", other.to_string()).into(),
        }
    }
}
