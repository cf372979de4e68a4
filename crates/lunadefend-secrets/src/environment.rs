//! Secrets in variables of the environment.

use lunadefend_core::{BoxFuture, SecretError, SecretProvider, SecretValue, SecretVersions};
use std::{borrow::Cow, collections::BTreeMap, fmt, sync::Arc};

/// Variables by name: those of the process, or a map in tests.
pub trait Environment: fmt::Debug + Send + Sync + 'static {
    /// The value of a variable; `None` when it is not set. On Unix the bytes are those of the process,
    /// which need not be UTF-8.
    fn get(&self, name: &str) -> Option<SecretValue>;

    /// The names of the variables that are set, so that a misspelled one can be found; none unless
    /// implemented.
    fn names(&self) -> Vec<String> {
        Vec::new()
    }

    /// The value of a variable that is a setting and no secret, as text.
    ///
    /// # Errors
    /// [`NotUtf8`], naming the variable.
    fn text(&self, name: &str) -> Result<Option<String>, NotUtf8> {
        self.get(name)
            .map(|value| {
                std::str::from_utf8(value.expose_secret())
                    .map(str::to_owned)
                    .map_err(|_| NotUtf8(name.to_owned()))
            })
            .transpose()
    }
}

/// The value of a variable is not UTF-8.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is wrong: its value is not UTF-8")]
pub struct NotUtf8(String);

impl NotUtf8 {
    /// The variable.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl<T: Environment + ?Sized> Environment for Arc<T> {
    fn get(&self, name: &str) -> Option<SecretValue> {
        (**self).get(name)
    }

    fn names(&self) -> Vec<String> {
        (**self).names()
    }
}

/// The environment of the process.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProcessEnvironment;

impl Environment for ProcessEnvironment {
    fn get(&self, name: &str) -> Option<SecretValue> {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place in the libraries that reads the environment"
        )]
        let value = std::env::var_os(name)?;
        Some(SecretValue::new(value.into_encoded_bytes()))
    }

    fn names(&self) -> Vec<String> {
        #[expect(
            clippy::disallowed_methods,
            reason = "beside `get` the one place in the libraries that reads the environment"
        )]
        let variables = std::env::vars_os();
        variables
            .filter_map(|(name, _)| name.into_string().ok())
            .collect()
    }
}

/// An environment that is handed in.
///
/// ```
/// use lunadefend_secrets::{Environment, FixedEnvironment};
///
/// let environment = FixedEnvironment::from_iter([("LUNADEFEND_SESSION_KEY", "hunter2")]);
/// assert!(environment.get("LUNADEFEND_SESSION_KEY").is_some());
/// assert!(environment.get("TOKENIZER_URL").is_none());
/// assert!(!format!("{environment:?}").contains("hunter2"));
/// ```
#[derive(Clone, Default)]
pub struct FixedEnvironment(BTreeMap<String, SecretValue>);

impl<K: Into<String>, V: Into<Vec<u8>>> FromIterator<(K, V)> for FixedEnvironment {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Self {
        Self(
            variables
                .into_iter()
                .map(|(name, value)| (name.into(), SecretValue::new(value)))
                .collect(),
        )
    }
}

impl Environment for FixedEnvironment {
    fn get(&self, name: &str) -> Option<SecretValue> {
        self.0.get(name).cloned()
    }

    fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }
}

/// Prints the names of the variables, never their values.
impl fmt::Debug for FixedEnvironment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FixedEnvironment")?;
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// A secret that is the value of a variable of the environment. It is read at each fetch.
///
/// ```
/// use lunadefend_core::{SecretError, SecretProvider};
/// use lunadefend_secrets::{EnvironmentSecret, FixedEnvironment};
/// use std::sync::Arc;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let environment = Arc::new(FixedEnvironment::from_iter([("LUNASEC_SIGNING_KEY", "")]));
/// let secret = EnvironmentSecret::new("LUNASEC_SIGNING_KEY").with_environment(environment);
/// let error = secret.fetch().await.unwrap_err();
/// assert!(error.to_string().contains("is set but empty"));
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct EnvironmentSecret {
    name: Cow<'static, str>,
    environment: Arc<dyn Environment>,
}

impl EnvironmentSecret {
    /// The variable `name` of the process.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        Self {
            name: name.into(),
            environment: Arc::new(ProcessEnvironment),
        }
    }

    /// Reads it from another environment.
    #[must_use]
    pub fn with_environment(mut self, environment: Arc<dyn Environment>) -> Self {
        self.environment = environment;
        self
    }
}

impl SecretProvider for EnvironmentSecret {
    fn origin(&self) -> String {
        format!("environment variable {}", self.name)
    }

    fn fetch(&self) -> BoxFuture<'_, Result<SecretVersions, SecretError>> {
        Box::pin(async move {
            let Some(value) = self.environment.get(&self.name) else {
                return Err(SecretError::NotFound {
                    origin: self.origin().into(),
                    advice: format!("set {}, or configure another secret provider", self.name)
                        .into(),
                });
            };
            if value.expose_secret().trim_ascii().is_empty() {
                return Err(SecretError::Misconfigured {
                    origin: self.origin().into(),
                    advice: "it is set but empty; give it a value or unset it".into(),
                    source: None,
                });
            }
            Ok(value.into())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn fetch(environment: impl Environment) -> Result<SecretVersions, SecretError> {
        EnvironmentSecret::new("LUNASEC_SIGNING_KEY")
            .with_environment(Arc::new(environment))
            .fetch()
            .await
    }

    #[tokio::test]
    async fn set_unset_and_empty() {
        let versions = fetch(FixedEnvironment::from_iter([(
            "LUNASEC_SIGNING_KEY",
            b" canary\xff\n".to_vec(),
        )]))
        .await
        .unwrap();
        assert_eq!(
            versions.current.value.expose_secret(),
            b" canary\xff\n",
            "as it is"
        );
        assert!(versions.current.created.is_none());
        assert!(versions.previous.is_none() && versions.next.is_none());

        let error = fetch(FixedEnvironment::default()).await.unwrap_err();
        assert!(matches!(error, SecretError::NotFound { .. }));
        assert_eq!(
            error.to_string(),
            "no secret at environment variable LUNASEC_SIGNING_KEY: set LUNASEC_SIGNING_KEY, or configure another secret provider"
        );

        for empty in ["", " ", "\n"] {
            let error = fetch(FixedEnvironment::from_iter([(
                "LUNASEC_SIGNING_KEY",
                empty,
            )]))
            .await
            .unwrap_err();
            assert!(matches!(error, SecretError::Misconfigured { .. }));
            let text = error.to_string();
            assert!(text.contains("LUNASEC_SIGNING_KEY"), "{text}");
            assert!(text.contains("is set but empty"), "{text}");
        }
    }

    #[tokio::test]
    async fn the_process_has_an_environment() {
        // cargo sets this variable for every test that it runs.
        let secret = EnvironmentSecret::new("CARGO_PKG_NAME");
        let versions = secret.fetch().await.unwrap();
        assert_eq!(
            versions.current.value.expose_secret(),
            env!("CARGO_PKG_NAME").as_bytes()
        );
        // Names that cannot be variables are not set, and nothing panics.
        for name in ["", "A=B", "A\0B", "LUNADEFEND_NO_SUCH_VARIABLE"] {
            assert!(ProcessEnvironment.get(name).is_none(), "{name:?}");
        }
    }

    #[test]
    fn settings_are_text() {
        let environment =
            FixedEnvironment::from_iter([("GOOD", b"value".to_vec()), ("BAD", b"\xff".to_vec())]);
        assert_eq!(environment.text("GOOD"), Ok(Some("value".to_owned())));
        assert_eq!(environment.text("NONE"), Ok(None));
        let error = environment.text("BAD").unwrap_err();
        assert_eq!(error.to_string(), "BAD is wrong: its value is not UTF-8");
    }

    #[test]
    fn debug_prints_names_and_no_values() {
        let environment = FixedEnvironment::from_iter([("NAME", "canary")]);
        let secret = EnvironmentSecret::new("NAME").with_environment(Arc::new(environment));
        let shown = format!("{secret:?}");
        assert!(
            shown.contains("NAME") && !shown.contains("canary"),
            "{shown}"
        );
    }
}
