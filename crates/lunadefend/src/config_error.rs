//! What can be wrong with a configuration.

use lunadefend_client::{BuildError, SigningKeysError};
use lunadefend_core::SecretError;
use lunadefend_crypto::KeyError;
use lunadefend_http::UrlError;
use lunadefend_secrets::{NotUtf8, SettingError};
use std::{borrow::Cow, fmt, path::PathBuf};

/// Why a `LunaDefend` cannot be built. Every text names the setting and says what to do; none contains
/// a secret.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A setting that is required is not there.
    #[error("{setting} is not set: {advice}")]
    Missing {
        /// The setting, by the name that it has where the configuration comes from.
        setting: &'static str,
        /// What to do.
        advice: &'static str,
    },
    /// A setting has a value that it cannot have.
    #[error("{setting} is wrong: {advice}")]
    Invalid {
        /// The setting, by the name that it has where the configuration comes from.
        setting: Cow<'static, str>,
        /// What to do.
        advice: Cow<'static, str>,
    },
    /// A setting of the environment is not text.
    #[error(transparent)]
    NotUtf8(#[from] NotUtf8),
    /// A URL cannot be used.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// A secret cannot be had.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The signing key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The configuration file cannot be read.
    #[error("the configuration file {} cannot be read: {}", path.display(), advice(source))]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The configuration file is not what it should be. The texts of the parser are left out, because
    /// they repeat lines that may hold a key.
    #[error("the configuration is wrong in line {line}: {problem}")]
    Toml {
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
    /// The client cannot be built.
    #[error(transparent)]
    Client(#[from] BuildError),
}

/// What a `main` that returns it prints: as `Display`, and the causes.
impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        lunadefend_core::fmt_with_causes(self, f)
    }
}

fn advice(error: &std::io::Error) -> &'static str {
    use std::io::ErrorKind;

    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => "there is no such file",
        ErrorKind::IsADirectory => "it is a folder, name the file in it",
        ErrorKind::PermissionDenied => "this process may not read it",
        ErrorKind::InvalidData => "it is not UTF-8 text",
        _ => "see the cause",
    }
}

impl From<SigningKeysError> for ConfigError {
    fn from(error: SigningKeysError) -> Self {
        match error {
            SigningKeysError::Secret(error) => Self::Secret(error),
            SigningKeysError::Key(error) => Self::Key(error),
            other => Self::invalid("the signing key", other.to_string()),
        }
    }
}

impl From<SettingError> for ConfigError {
    fn from(error: SettingError) -> Self {
        Self::invalid(error.setting, error.advice)
    }
}

impl ConfigError {
    pub(crate) fn invalid(
        setting: impl Into<Cow<'static, str>>,
        advice: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::Invalid {
            setting: setting.into(),
            advice: advice.into(),
        }
    }
}
