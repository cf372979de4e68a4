//! Secret providers by their names in a configuration.

use crate::{EnvironmentSecret, FileSecret, InlineSecret, SecretChain, StagedSecret};
use lunadefend_core::provider::{SecretProvider, SettingError};
use lunadefend_settings::{SecretSettings, closest};
use std::{collections::BTreeMap, fmt, sync::Arc};

type Make =
    dyn Fn(&mut SecretSettings) -> Result<Arc<dyn SecretProvider>, SettingError> + Send + Sync;

/// The providers that a configuration can name, each with the function that makes it from its settings.
///
/// This crate has `environment` (also `env`), `file` and `inline` (also `manual`); their settings are in
/// [`table::SECRET`](lunadefend_settings::table::SECRET).
///
/// A variable `X` or a file `x` is rotated by the optional `X_PREVIOUS` and `X_NEXT`, or `x.previous` and
/// `x.next`: see [`StagedSecret`]. Several names, as a list or separated by commas, are a [`SecretChain`].
///
/// ```
/// use lunadefend_core::provider::{SecretValue, SettingError};
/// use lunadefend_secrets::{FixedEnvironment, InlineSecret, SecretProviders};
/// use lunadefend_settings::{Settings, Side, table};
/// use std::sync::Arc;
///
/// # fn main() -> Result<(), SettingError> {
/// let providers = SecretProviders::default().with("vault", |settings| {
///     let path = settings.required("path", "the path of the secret in the vault")?;
///     // Here, your own provider.
///     let secret = SecretValue::new("what your client returned");
///     Ok(Arc::new(InlineSecret::new(secret, format!("vault {path}"))))
/// });
/// let environment = FixedEnvironment::from_iter([
///     ("LUNADEFEND_SECRETS_PROVIDER", "vault"),
///     ("LUNADEFEND_SECRETS_PATH", "kv/lunadefend"),
/// ]);
/// let settings = Settings::from_environment(Side::Application, Arc::new(environment))?;
/// let settings = settings.secret_or_variable(&table::SIGNING_KEY);
/// assert_eq!(providers.make(settings)?.origin(), "vault kv/lunadefend");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SecretProviders(BTreeMap<String, Named>);

#[derive(Clone)]
struct Named {
    /// The name as in the documentation.
    name: String,
    make: Arc<Make>,
}

impl SecretProviders {
    /// Adds a provider under a name, or replaces the provider of that name. Names ignore case, hyphens and
    /// underscores.
    #[must_use]
    pub fn with(
        mut self,
        name: &str,
        make: impl Fn(&mut SecretSettings) -> Result<Arc<dyn SecretProvider>, SettingError>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        let named = Named {
            name: name.to_owned(),
            make: Arc::new(make),
        };
        self.0.insert(canonical(name), named);
        self
    }

    /// Makes the provider that the settings name; without a name, the environment variable.
    ///
    /// # Errors
    /// [`SettingError`] for an unknown provider, a missing setting, or a setting that the provider does not
    /// know.
    pub fn make(
        &self,
        mut settings: SecretSettings,
    ) -> Result<Arc<dyn SecretProvider>, SettingError> {
        let mut names = settings.list("provider")?.into_iter();
        let first = names.next();
        let first = self.find(first.as_deref().unwrap_or("environment"), &mut settings)?;
        let rest = names
            .map(|name| self.find(&name, &mut settings))
            .collect::<Result<Vec<_>, _>>()?;
        settings.finish()?;
        if rest.is_empty() {
            return Ok(first);
        }
        let chain = rest
            .into_iter()
            .fold(SecretChain::first(first), SecretChain::or_else);
        Ok(Arc::new(chain))
    }

    fn find(
        &self,
        name: &str,
        settings: &mut SecretSettings,
    ) -> Result<Arc<dyn SecretProvider>, SettingError> {
        let wanted = canonical(name);
        if let Some(Named { make, .. }) = self.0.get(&wanted) {
            return make(settings);
        }
        let advice = match closest(&wanted, self.0.keys().map(String::as_str)) {
            Some(name) => format!(
                "there is no such provider; did you mean \"{}\"?",
                self.0[name].name
            ),
            None => {
                let names: Vec<_> = self.0.values().map(|named| named.name.as_str()).collect();
                format!("there is no such provider; there are {}", names.join(", "))
            }
        };
        Err(settings.error("provider", advice))
    }
}

/// Names have many spellings: `aws-secrets-manager` is LunaSec's `awsSecretsManager`.
fn canonical(name: &str) -> String {
    let letters = name.chars().filter(|letter| !matches!(letter, '-' | '_'));
    let name = letters.collect::<String>().to_lowercase();
    match name.as_str() {
        "env" => "environment".to_owned(),
        "manual" => "inline".to_owned(),
        _ => name,
    }
}

/// The providers of this crate.
impl Default for SecretProviders {
    fn default() -> Self {
        Self(BTreeMap::new())
            .with("environment", environment)
            .with("file", file)
            .with("inline", inline)
    }
}

fn environment(settings: &mut SecretSettings) -> Result<Arc<dyn SecretProvider>, SettingError> {
    let name = settings.text("name")?;
    let name = name.as_deref().unwrap_or(settings.variable());
    let environment = settings.environment();
    let variable = |suffix: &str| {
        EnvironmentSecret::new(format!("{name}{suffix}")).with_environment(Arc::clone(environment))
    };
    Ok(Arc::new(
        StagedSecret::new(variable(""))
            .previous(variable("_PREVIOUS"))
            .next(variable("_NEXT")),
    ))
}

fn file(settings: &mut SecretSettings) -> Result<Arc<dyn SecretProvider>, SettingError> {
    let path = settings.required("path", "the path of the file that has the secret")?;
    let neighbour = |suffix: &str| FileSecret::new(format!("{path}{suffix}"));
    Ok(Arc::new(
        StagedSecret::new(neighbour(""))
            .previous(neighbour(".previous"))
            .next(neighbour(".next")),
    ))
}

fn inline(settings: &mut SecretSettings) -> Result<Arc<dyn SecretProvider>, SettingError> {
    let value = settings.secret("value")?;
    let value = value.ok_or_else(|| {
        settings.error(
            "value",
            "this provider needs it: set it to the secret itself",
        )
    })?;
    Ok(Arc::new(InlineSecret::new(
        value,
        settings.name_of("value"),
    )))
}

impl fmt::Debug for SecretProviders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.values().map(|named| &named.name);
        f.debug_set().entries(names).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FixedEnvironment;
    use lunadefend_settings::{Settings, Side, table::SIGNING_KEY};

    /// The settings of the signing key in a file.
    fn read(entries: &str) -> Result<SecretSettings, SettingError> {
        let environment = FixedEnvironment::from_iter([
            ("LUNASEC_SIGNING_KEY", ""),
            ("LUNASEC_SIGNING_KEY_PREVIOUS", "the one before"),
            ("OTHER", "from the other"),
        ]);
        let settings = Settings::from_environment(Side::Application, Arc::new(environment))?;
        let text = format!("[auth.secrets]\n{entries}");
        let settings = settings.with_toml("lunadefend.toml", &text)?;
        Ok(settings.secret_or_variable(&SIGNING_KEY))
    }

    fn from_environment(variables: &[(&str, &str)]) -> SecretSettings {
        let environment = FixedEnvironment::from_iter(variables.iter().copied());
        let settings = Settings::from_environment(Side::Application, Arc::new(environment));
        settings.unwrap().secret_or_variable(&SIGNING_KEY)
    }

    async fn fetched(settings: SecretSettings) -> Vec<u8> {
        let provider = SecretProviders::default().make(settings).unwrap();
        let secret = provider.fetch().await.unwrap().current.value;
        secret.expose_secret().to_vec()
    }

    fn error(settings: SecretSettings) -> String {
        let error = SecretProviders::default().make(settings).unwrap_err();
        error.to_string()
    }

    #[tokio::test]
    async fn each_provider_by_its_names() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "from the file").unwrap();
        let path = path.to_str().unwrap();
        for (entries, expected) in [
            (
                "provider = 'Environment'\nname = 'OTHER'".to_owned(),
                "from the other",
            ),
            (
                "source = 'env'\nname = 'OTHER'".to_owned(),
                "from the other",
            ),
            (
                format!("provider = 'file'\npath = {path:?}"),
                "from the file",
            ),
            ("provider = 'inline'\nvalue = 'here'".to_owned(), "here"),
            (
                "provider = 'manual'\nsigningKey = 'here'".to_owned(),
                "here",
            ),
            (
                format!("provider = ['environment', 'file']\nname = 'NOT_SET'\npath = {path:?}"),
                "from the file",
            ),
        ] {
            assert_eq!(fetched(read(&entries).unwrap()).await, expected.as_bytes());
        }
        let key = [
            ("LUNASEC_SIGNING_KEY", "from the variable"),
            ("LUNASEC_SIGNING_KEY_PREVIOUS", "the one before"),
            ("LUNASEC_SIGNING_KEY_NEXT", ""),
        ];
        let provider = SecretProviders::default().make(from_environment(&key));
        let versions = provider.unwrap().fetch().await.unwrap();
        assert_eq!(versions.current.value.expose_secret(), b"from the variable");
        let previous = versions.previous.unwrap();
        assert_eq!(previous.value.expose_secret(), b"the one before");
        assert!(versions.next.is_none(), "empty is not set");
    }

    #[test]
    fn what_is_wrong_is_named_with_a_suggestion_and_never_repeated() {
        for (entries, expected) in [
            (
                "provider = 'fiel'\npath = 'canary'",
                "auth.secrets.provider is wrong: there is no such provider; did you mean \"file\"?",
            ),
            (
                "provider = 'canary'",
                "auth.secrets.provider is wrong: there is no such provider; there are environment, file, inline",
            ),
            (
                "provider = 1",
                "auth.secrets.provider is wrong: write a text in quotes, not a number",
            ),
            (
                "provider = 'file'\npth = 'canary'",
                "auth.secrets.pth is wrong: there is no such setting here; did you mean auth.secrets.path?",
            ),
            (
                "nmae = 'canary'",
                "auth.secrets.nmae is wrong: there is no such setting here; did you mean auth.secrets.name?",
            ),
            (
                "value = 'canary'",
                "auth.secrets.value is wrong: there is no such setting here; there are name, provider, source, refresh, max_age, new_key_delay",
            ),
            (
                "provider = 'inline'",
                "auth.secrets.value is wrong: this provider needs it: set it to the secret itself",
            ),
            (
                "source = 'file'\nprovider = 'file'",
                "auth.secrets.source is wrong: it is the same as `provider`: leave out one",
            ),
        ] {
            let made = read(entries).and_then(|settings| SecretProviders::default().make(settings));
            assert_eq!(made.unwrap_err().to_string(), expected);
        }
    }

    /// Docker keeps the quotes of an env-file, and Windows ends its lines with a carriage return.
    #[tokio::test]
    async fn a_path_is_without_quotes_and_line_ends() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "from the file").unwrap();
        let path = path.to_str().unwrap();
        for written in [
            format!("\"{path}\""),
            format!("{path}\r"),
            format!("'{path}'\r\n"),
        ] {
            let settings = from_environment(&[
                ("LUNADEFEND_SECRETS_PROVIDER", "\"file\"\r"),
                ("LUNADEFEND_SECRETS_PATH", &written),
            ]);
            assert_eq!(fetched(settings).await, b"from the file", "{written:?}");
        }
    }

    #[test]
    fn variables_of_other_programs_are_left_alone_and_misspelled_ones_are_not() {
        // Kubernetes sets this for a service of that name.
        let settings = from_environment(&[
            ("LUNADEFEND_SECRETS_SERVICE_HOST", "10.0.0.1"),
            ("LUNADEFEND_SECRETS_PORT", "tcp://10.0.0.1:80"),
            ("LUNADEFEND_SECRETS_PROVIDER", "environment, file"),
            ("LUNADEFEND_SECRETS_PATH", "/run/secrets/key"),
        ]);
        let provider = SecretProviders::default().make(settings).unwrap();
        assert_eq!(
            provider.origin(),
            "environment variable LUNASEC_SIGNING_KEY, file /run/secrets/key"
        );
        for (variable, expected) in [
            (
                "LUNADEFEND_SECRETS_PROVDER",
                "LUNADEFEND_SECRETS_PROVDER is wrong: there is no such setting here; did you mean LUNADEFEND_SECRETS_PROVIDER?",
            ),
            (
                "LUNADEFEND_SECRETS_PATH",
                "LUNADEFEND_SECRETS_PATH is wrong: there is no such setting here; there are name, provider, refresh, max_age, new_key_delay",
            ),
        ] {
            assert_eq!(error(from_environment(&[(variable, "canary")])), expected);
        }
    }
}
