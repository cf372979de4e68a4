//! Errors of a configuration.

use lunadefend_core::provider::SettingError;
use lunadefend_http::UrlError;
use std::fmt;

/// Why a configuration is invalid. The text names the setting and repeats no value.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A setting is missing or wrong. Settings of `lunadefend serve` have the names of their variables.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// A URL is unusable.
    #[error(transparent)]
    Url(#[from] UrlError),
}

/// What a `main` that returns it prints: as `Display`, and the causes.
impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        lunadefend_core::provider::fmt_with_causes(self, f)
    }
}
