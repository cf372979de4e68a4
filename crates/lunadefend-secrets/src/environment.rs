//! Secrets in environment variables.

use lunadefend_core::provider::{
    BoxFuture, SecretError, SecretProvider, SecretValue, SecretVersions,
};
use lunadefend_settings::Environment;
use std::{borrow::Cow, sync::Arc};

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

/// A secret in an environment variable, which is read at each fetch.
///
/// ```
/// use lunadefend_core::provider::{SecretError, SecretProvider};
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
    /// Makes the secret in the variable `name` of the process.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        Self {
            name: name.into(),
            environment: Arc::new(ProcessEnvironment),
        }
    }

    /// Reads the variable from another environment.
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
            let value = self.environment.get(&self.name);
            let so_far = if value.is_some() {
                "it is set but empty, which counts as not set; "
            } else {
                ""
            };
            let value = value.filter(|value| !value.expose_secret().trim_ascii().is_empty());
            let Some(value) = value else {
                let name = &self.name;
                let advice = format!("{so_far}set {name}, or configure another secret provider");
                return Err(SecretError::NotFound {
                    origin: self.origin().into(),
                    advice: advice.into(),
                });
            };
            Ok(value.into())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lunadefend_settings::FixedEnvironment;

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
            assert!(matches!(error, SecretError::NotFound { .. }));
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
