//! Sources of the settings of a `LunaDefend`.

use crate::{
    Builder, ConfigError, JwtProfile, LunaDefend,
    builder::{CurrentTrace, Named},
    secrets::secret_providers,
};
use lunadefend_client::KeyRotation;
use lunadefend_core::provider::{SecretProvider, SettingError, TraceParent};
use lunadefend_secrets::{ProcessEnvironment, RefreshPolicy, SecretProviders};
use lunadefend_settings::{Environment, SecretSettings, Setting, Settings, Side, table};
use std::{num::NonZeroUsize, path::PathBuf, sync::Arc};

/// Reads settings, and resolves the secret providers that they name.
///
/// By default it reads the environment of the process. A TOML file is optional; the environment takes
/// precedence.
///
/// ```no_run
/// use lunadefend::{LunaDefend, secrets::InlineSecret, provider::SecretValue};
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
///     .build()
///     .await?;
/// # drop(luna);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a configuration does nothing until it is built"]
pub struct Configuration {
    environment: Arc<dyn Environment>,
    file: Option<File>,
    providers: SecretProviders,
    current_trace: Option<CurrentTrace>,
}

#[derive(Clone)]
enum File {
    Path(PathBuf),
    Text(String),
}

impl Default for Configuration {
    fn default() -> Self {
        Self {
            environment: Arc::new(ProcessEnvironment),
            file: None,
            providers: secret_providers(),
            current_trace: None,
        }
    }
}

impl Configuration {
    /// Adds your own secret provider under the name that settings use for it. It is built from its settings:
    /// see [`SecretProviders`].
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

    /// Reads `environment` instead of that of the process.
    pub fn environment(mut self, environment: impl Environment) -> Self {
        self.environment = Arc::new(environment);
        self
    }

    /// Adds a TOML file. Relative paths in it are relative to the working directory.
    pub fn toml_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.file = Some(File::Path(path.into()));
        self
    }

    /// Adds a TOML text, in place of a file.
    pub fn toml(mut self, text: impl Into<String>) -> Self {
        self.file = Some(File::Text(text.into()));
        self
    }

    /// Sets where the present trace comes from, as [`Builder::trace_parent`] does.
    pub fn trace_parent(
        mut self,
        current: impl Fn() -> Option<TraceParent> + Send + Sync + 'static,
    ) -> Self {
        self.current_trace = Some(CurrentTrace::new(current));
        self
    }

    /// Reads and checks every setting, and builds the `LunaDefend`.
    ///
    /// # Errors
    /// [`ConfigError`], naming the variable, or the path in the file, that is missing or invalid.
    pub async fn build(self) -> Result<LunaDefend, ConfigError> {
        self.builder()?.build().await
    }

    fn settings(&self) -> Result<Settings, SettingError> {
        let environment = Arc::clone(&self.environment);
        let settings = Settings::from_environment(Side::Application, environment)?;
        match &self.file {
            None => Ok(settings),
            Some(File::Path(path)) => settings.with_toml_file(path),
            Some(File::Text(text)) => settings.with_toml("the TOML text", text),
        }
    }

    fn builder(&self) -> Result<Builder, SettingError> {
        let settings = self.settings()?;
        let named = |setting: &Setting, value| Named {
            value,
            setting: settings.name_of(setting),
        };
        let url = settings.text(&table::TOKENIZER_URL)?.ok_or_else(|| {
            settings.missing(
                &table::TOKENIZER_URL,
                "set it to the URL of the tokenizer, such as https://tokenizer.example.com; `lunadefend dev` starts one and prints it",
            )
        })?;
        let mut builder = Builder::new(String::new());
        builder.current_trace = self.current_trace.clone();
        builder.tokenizer_url = named(&table::TOKENIZER_URL, url);
        let public = settings.text(&table::PUBLIC_TOKENIZER_URL)?;
        builder.public_tokenizer_url = public.map(|url| named(&table::PUBLIC_TOKENIZER_URL, url));
        let origins = settings.list(&table::BLOB_ORIGINS)?.into_iter();
        builder.blob_origins = origins
            .map(|origin| named(&table::BLOB_ORIGINS, origin))
            .collect();

        let signing_key = settings.secret_or_variable(&table::SIGNING_KEY);
        builder = builder
            .signing_key(self.providers.make(signing_key)?)
            .key_rotation(key_rotation(&settings)?);
        if let Some(session_key) = settings.secret(&table::SESSION_KEY) {
            builder.session_key = Some(Named {
                value: self.providers.make(session_key)?,
                setting: settings.name_of(&table::SESSION_KEY),
            });
        }
        if settings.choice(&table::SESSION_IDS)? == Some("raw") {
            builder = builder.raw_session_ids();
        }
        if settings.choice(&table::WIRE)? == Some("v1") {
            builder = builder.wire(JwtProfile::LunaSec);
        }
        if let Some(level) = settings.integer(&table::REQUIRE_LEVEL)? {
            builder = builder.require_level(level);
        }
        if let Some(deadline) = settings.duration(&table::DEADLINE)? {
            builder = builder.deadline(deadline);
        }
        if let Some(timeout) = settings.duration(&table::STALL_TIMEOUT)? {
            builder = builder.stall_timeout(timeout);
        }
        if let Some(retries) = settings.integer(&table::MAX_RETRIES)? {
            builder = builder.max_retries(u32::try_from(retries).unwrap_or(u32::MAX));
        }
        let tokens = settings.integer(&table::MAX_TOKENS)?;
        let tokens = tokens.and_then(|tokens| usize::try_from(tokens).ok());
        if let Some(tokens) = tokens.and_then(NonZeroUsize::new) {
            builder = builder.max_tokens(tokens);
        }
        if settings.flag(&table::ALLOW_CLEARTEXT)? {
            builder = builder.allow_cleartext();
        }
        Ok(builder)
    }
}

fn key_rotation(settings: &Settings) -> Result<KeyRotation, SettingError> {
    let usual = RefreshPolicy::default();
    let every = settings.duration(&table::SECRETS_REFRESH)?;
    let max_age = settings.duration(&table::SECRETS_MAX_AGE)?;
    let policy = RefreshPolicy::new(
        every.unwrap_or(usual.every()),
        max_age.unwrap_or(usual.max_age()),
    )
    .map_err(|error| {
        let setting = match &*error.setting {
            "max_age" => &table::SECRETS_MAX_AGE,
            _ => &table::SECRETS_REFRESH,
        };
        error.of(settings.name_of(setting))
    })?;
    let rotation = KeyRotation::new(policy);
    let delay = settings.duration(&table::NEW_KEY_DELAY)?;
    Ok(delay.map_or(rotation, |delay| rotation.with_delay(delay)))
}

/// Omits the text, which may contain a key.
impl std::fmt::Debug for File {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Path(path) => f.debug_tuple("Path").field(path).finish(),
            Self::Text(_) => f.write_str("Text(..)"),
        }
    }
}
