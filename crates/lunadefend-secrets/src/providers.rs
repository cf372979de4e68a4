//! Secret providers by the names that configurations call them.

use crate::{
    EnvironmentSecret, FileSecret, InlineSecret, SecretChain, SecretSettings, SettingError,
    StagedSecret, closest,
};
use lunadefend_core::SecretProvider;
use std::{borrow::Cow, collections::BTreeMap, fmt, sync::Arc};

type Make =
    dyn Fn(&mut SecretSettings) -> Result<Arc<dyn SecretProvider>, SettingError> + Send + Sync;

/// The providers that a configuration can name, each with the function that makes it of its settings.
///
/// | name | settings |
/// |---|---|
/// | `environment`, `env` | `name`, the variable |
/// | `file` | `path` |
/// | `inline`, `manual` | `value`, in the original's configuration `signingKey` |
///
/// A variable `X` or a file `x` is rotated by its neighbours `X_PREVIOUS` and `X_NEXT`, `x.previous`
/// and `x.next`, when they are there: see [`StagedSecret`]. Several names, as a list or separated by
/// commas, are a [`SecretChain`].
///
/// ```
/// use lunadefend_core::SecretValue;
/// use lunadefend_secrets::{
///     FixedEnvironment, InlineSecret, SecretProviders, SecretSettings, SettingError,
/// };
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
/// let settings = SecretSettings::from_environment(
///     "LUNADEFEND_SECRETS",
///     "LUNASEC_SIGNING_KEY",
///     Arc::new(environment),
/// );
/// assert_eq!(providers.make(settings)?.origin(), "vault kv/lunadefend");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SecretProviders(BTreeMap<String, Named>);

#[derive(Clone)]
struct Named {
    /// As it is written in documentation.
    name: String,
    make: Arc<Make>,
}

impl SecretProviders {
    /// Adds a provider under a name, or replaces the one that has it. Capitals, hyphens and
    /// underscores make no difference in a name.
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

    /// Makes the provider that the settings name; without a name, the variable of the environment.
    ///
    /// # Errors
    /// [`SettingError`] when there is no such provider, when it needs what is not set, and when there
    /// is a setting that it does not know.
    pub fn make(
        &self,
        mut settings: SecretSettings,
    ) -> Result<Arc<dyn SecretProvider>, SettingError> {
        // As in the original's documentation.
        settings.alias("source", "provider")?;
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

/// Names are written in many ways: `aws-secrets-manager` is the original's `awsSecretsManager`.
fn canonical(name: &str) -> String {
    let letters = name.chars().filter(|letter| !matches!(letter, '-' | '_'));
    let name = letters.collect::<String>().to_lowercase();
    match name.as_str() {
        "env" => "environment".to_owned(),
        "manual" => "inline".to_owned(),
        _ => name,
    }
}

/// Those of this crate.
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
    let name = name.map_or_else(|| settings.variable().clone(), Cow::Owned);
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
    settings.alias("signingKey", "value")?;
    settings.alias("signing_key", "value")?;
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
    use crate::{FixedEnvironment, SettingValue};
    use lunadefend_core::SecretValue;

    fn text(value: &str) -> SettingValue {
        SettingValue::Text(SecretValue::new(value))
    }

    fn table<const N: usize>(entries: [(&str, SettingValue); N]) -> SecretSettings {
        let entries = entries.map(|(name, value)| (name.to_owned(), value));
        let environment = FixedEnvironment::from_iter([
            ("LUNASEC_SIGNING_KEY", "from the variable"),
            ("LUNASEC_SIGNING_KEY_PREVIOUS", "the one before"),
            ("OTHER", "from the other"),
        ]);
        SecretSettings::from_table(
            "auth.secrets",
            "LUNASEC_SIGNING_KEY",
            entries.into(),
            Arc::new(environment),
        )
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
        let list = |names: &[&str]| {
            SettingValue::List(names.iter().map(|name| (*name).to_owned()).collect())
        };
        for (settings, expected) in [
            (table([]), "from the variable"),
            (
                table([("provider", text("environment"))]),
                "from the variable",
            ),
            (table([("source", text("env"))]), "from the variable"),
            (
                table([("provider", text("Environment")), ("name", text("OTHER"))]),
                "from the other",
            ),
            (
                table([("provider", text("file")), ("path", text(path))]),
                "from the file",
            ),
            (
                table([("provider", text("inline")), ("value", text("here"))]),
                "here",
            ),
            (
                table([("provider", text("manual")), ("signingKey", text("here"))]),
                "here",
            ),
            (
                table([
                    ("provider", list(&["environment", "file"])),
                    ("name", text("NOT_SET")),
                    ("path", text(path)),
                ]),
                "from the file",
            ),
        ] {
            let provider = SecretProviders::default().make(settings).unwrap();
            let secret = provider.fetch().await.unwrap().current.value;
            assert_eq!(secret.expose_secret(), expected.as_bytes());
        }
        let provider = SecretProviders::default().make(table([])).unwrap();
        let previous = provider.fetch().await.unwrap().previous.unwrap();
        assert_eq!(previous.value.expose_secret(), b"the one before");
    }

    #[test]
    fn what_is_wrong_is_named_with_a_suggestion_and_never_repeated() {
        for (settings, expected) in [
            (
                table([("provider", text("fiel")), ("path", text("canary"))]),
                "auth.secrets.provider is wrong: there is no such provider; did you mean \"file\"?",
            ),
            (
                table([("provider", text("canary"))]),
                "auth.secrets.provider is wrong: there is no such provider; there are environment, file, inline",
            ),
            (
                table([("provider", SettingValue::Other)]),
                "auth.secrets.provider is wrong: write a text in quotes",
            ),
            (
                table([("provider", text("file")), ("pth", text("canary"))]),
                "auth.secrets.path is wrong: this provider needs it: set it to the path of the file that has the secret",
            ),
            (
                table([("nmae", text("canary"))]),
                "auth.secrets.nmae is wrong: there is no such setting here; did you mean auth.secrets.name?",
            ),
            (
                table([("value", text("canary"))]),
                "auth.secrets.value is wrong: there is no such setting here; there are name, provider, source",
            ),
            (
                table([("provider", text("inline"))]),
                "auth.secrets.value is wrong: this provider needs it: set it to the secret itself",
            ),
            (
                table([("source", text("file")), ("provider", text("file"))]),
                "auth.secrets.source is wrong: it is the same as `provider`: leave out one",
            ),
        ] {
            assert_eq!(error(settings), expected);
        }
    }

    #[test]
    fn variables_of_other_programs_are_left_alone_and_misspelled_ones_are_not() {
        let with = |variables: &[(&str, &str)]| {
            let environment = FixedEnvironment::from_iter(variables.iter().copied());
            let environment = Arc::new(environment);
            SecretSettings::from_environment("LUNADEFEND_SECRETS", "KEY", environment)
        };
        // What Kubernetes sets for a service of that name.
        let settings = with(&[
            ("LUNADEFEND_SECRETS_SERVICE_HOST", "10.0.0.1"),
            ("LUNADEFEND_SECRETS_PORT", "tcp://10.0.0.1:80"),
            ("LUNADEFEND_SECRETS_PROVIDER", "environment, file"),
            ("LUNADEFEND_SECRETS_PATH", "/run/secrets/key"),
        ]);
        let provider = SecretProviders::default().make(settings).unwrap();
        assert_eq!(
            provider.origin(),
            "environment variable KEY, file /run/secrets/key"
        );
        for (variable, expected) in [
            (
                "LUNADEFEND_SECRETS_PROVDER",
                "LUNADEFEND_SECRETS_PROVDER is wrong: there is no such setting here; did you mean LUNADEFEND_SECRETS_PROVIDER?",
            ),
            (
                "LUNADEFEND_SECRETS_PATH",
                "LUNADEFEND_SECRETS_PATH is wrong: there is no such setting here; there are name, provider",
            ),
        ] {
            assert_eq!(error(with(&[(variable, "canary")])), expected);
        }
    }
}
