//! Which secret provider a configuration names.

use crate::ConfigError;
use lunadefend_core::{SecretProvider, SecretValue};
use lunadefend_secrets::{Environment, EnvironmentSecret, FileSecret, InlineSecret};
use std::{borrow::Cow, fmt, path::PathBuf, sync::Arc};

/// The settings of one secret. `provider` may be called `source`, as in the original's documentation.
#[derive(Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SecretSource {
    #[serde(alias = "source")]
    provider: Option<String>,
    name: Option<String>,
    path: Option<PathBuf>,
    value: Option<Inline>,
}

/// A secret that stands in a configuration.
#[derive(serde::Deserialize)]
#[serde(transparent)]
struct Inline(#[serde(deserialize_with = "inline")] SecretValue);

fn inline<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<SecretValue, D::Error> {
    <String as serde::Deserialize>::deserialize(deserializer)
        .map(|text| SecretValue::new(text.into_bytes()))
}

impl fmt::Debug for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretSource(..)")
    }
}

impl SecretSource {
    pub(crate) fn new(
        provider: Option<String>,
        name: Option<String>,
        path: Option<PathBuf>,
    ) -> Self {
        Self {
            provider,
            name,
            path,
            value: None,
        }
    }

    /// Makes the provider. `table` is where these settings stand, `variable` the name in the
    /// environment that is read when none is set.
    pub(crate) fn provider(
        self,
        table: &'static str,
        variable: &'static str,
        environment: Arc<dyn Environment>,
    ) -> Result<Arc<dyn SecretProvider>, ConfigError> {
        let needs =
            |what: &str| ConfigError::invalid(table, format!("this provider needs `{what}`"));
        let Self {
            provider,
            name,
            path,
            value,
        } = self;
        match provider.as_deref().unwrap_or("environment") {
            "environment" | "env" => {
                refuse(
                    table,
                    &[("path", path.is_some()), ("value", value.is_some())],
                )?;
                let name = name.map_or(Cow::Borrowed(variable), Cow::Owned);
                Ok(Arc::new(
                    EnvironmentSecret::new(name).with_environment(environment),
                ))
            }
            "inline" | "manual" => {
                refuse(table, &[("path", path.is_some()), ("name", name.is_some())])?;
                let value = value.ok_or_else(|| needs("value"))?;
                Ok(Arc::new(InlineSecret::new(
                    value.0,
                    format!("{table}.value"),
                )))
            }
            "file" => {
                refuse(
                    table,
                    &[("name", name.is_some()), ("value", value.is_some())],
                )?;
                Ok(Arc::new(FileSecret::new(
                    path.ok_or_else(|| needs("path"))?,
                )))
            }
            _ => Err(ConfigError::invalid(
                table,
                "the provider must be \"environment\", \"inline\" or \"file\"",
            )),
        }
    }
}

fn refuse(table: &'static str, settings: &[(&str, bool)]) -> Result<(), ConfigError> {
    match settings.iter().find(|(_, set)| *set) {
        Some((name, _)) => Err(ConfigError::invalid(
            table,
            format!("`{name}` does not belong to this provider: leave it out"),
        )),
        None => Ok(()),
    }
}
