//! Where the settings of a `LunaDefend` are read from.

use crate::{Builder, ConfigError, LunaDefend, environment, file, secrets::secret_providers};
use lunadefend_client::KeyRotation;
use lunadefend_core::SecretProvider;
use lunadefend_secrets::{
    Environment, ProcessEnvironment, RefreshPolicy, SecretProviders, SecretSettings, SettingError,
};
use std::{path::Path, sync::Arc};

/// Reads settings, and knows the secret providers that they may name.
///
/// ```no_run
/// use lunadefend::{LunaDefend, SecretValue, secrets::InlineSecret};
/// use std::sync::Arc;
///
/// # async fn example() -> Result<(), lunadefend::ConfigError> {
/// // LUNADEFEND_SECRETS_PROVIDER=vault LUNADEFEND_SECRETS_PATH=kv/lunadefend
/// let luna = LunaDefend::configuration()
///     .secret_provider("vault", |settings| {
///         let path = settings.required("path", "the path of the secret in the vault")?;
///         // Here, your own provider.
///         let secret = SecretValue::new("what your client returned");
///         Ok(Arc::new(InlineSecret::new(secret, format!("vault {path}"))))
///     })
///     .from_env()
///     .await?;
/// # drop(luna);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a configuration does nothing until it is read"]
pub struct Configuration {
    environment: Arc<dyn Environment>,
    providers: SecretProviders,
}

impl Default for Configuration {
    fn default() -> Self {
        Self {
            environment: Arc::new(ProcessEnvironment),
            providers: secret_providers(),
        }
    }
}

impl Configuration {
    /// Adds a secret provider of your own under the name that a configuration calls it by. It is made
    /// of its settings: see [`SecretProviders`].
    pub fn secret_provider(
        mut self,
        name: &str,
        make: impl Fn(&mut SecretSettings) -> Result<Arc<dyn SecretProvider>, SettingError>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        self.providers = self.providers.with(name, make);
        self
    }

    /// Reads another environment than that of the process.
    pub fn environment(mut self, environment: Arc<dyn Environment>) -> Self {
        self.environment = environment;
        self
    }

    /// Reads the environment, and builds.
    ///
    /// # Errors
    /// [`ConfigError`], naming the variable that is missing or wrong.
    pub async fn from_env(self) -> Result<LunaDefend, ConfigError> {
        environment::builder(&self)?.build().await
    }

    /// Reads a TOML file, and builds.
    ///
    /// # Errors
    /// [`ConfigError`], naming the setting or the line that is wrong.
    pub async fn from_toml_file(self, path: impl AsRef<Path>) -> Result<LunaDefend, ConfigError> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::File {
            path: path.to_owned(),
            source,
        })?;
        self.from_toml(&text).await
    }

    /// Reads a TOML text, and builds.
    ///
    /// # Errors
    /// [`ConfigError`], naming the setting or the line that is wrong.
    pub async fn from_toml(self, text: &str) -> Result<LunaDefend, ConfigError> {
        file::builder(&self, text)?.build().await
    }

    /// The environment that is read.
    pub(crate) fn variables(&self) -> &Arc<dyn Environment> {
        &self.environment
    }

    /// A signing key and its rotation by these settings.
    pub(crate) fn signing_key(
        &self,
        builder: Builder,
        mut settings: SecretSettings,
    ) -> Result<Builder, ConfigError> {
        let usual = RefreshPolicy::default();
        let every = settings.duration("refresh")?.unwrap_or(usual.every());
        let max_age = settings.duration("max_age")?.unwrap_or(usual.max_age());
        let policy = RefreshPolicy::new(every, max_age).map_err(|error| {
            let name = if error.is_about_max_age() {
                "max_age"
            } else {
                "refresh"
            };
            settings.error(name, error.to_string())
        })?;
        let mut rotation = KeyRotation::new(policy);
        if let Some(delay) = settings.duration("new_key_delay")? {
            rotation = rotation.with_delay(delay);
        }
        let provider = self.providers.make(settings)?;
        Ok(builder.signing_key(provider).key_rotation(rotation))
    }

    /// Another secret by these settings.
    pub(crate) fn secret(
        &self,
        settings: SecretSettings,
    ) -> Result<Arc<dyn SecretProvider>, SettingError> {
        self.providers.make(settings)
    }
}
