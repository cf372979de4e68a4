//! Secrets that the program already has.

use lunadefend_core::provider::{
    BoxFuture, SecretError, SecretProvider, SecretValue, SecretVersions,
};
use std::borrow::Cow;

/// A secret that the caller passes in: from a configuration file, a command line, another library.
///
/// ```
/// use lunadefend_core::provider::SecretValue;
/// use lunadefend_secrets::InlineSecret;
///
/// let secret = InlineSecret::new(SecretValue::new("hunter2"), "signing_key.value");
/// assert!(!format!("{secret:?}").contains("hunter2"));
/// ```
///
/// # Security
/// Do not write a secret into a source file.
#[derive(Clone, Debug)]
pub struct InlineSecret {
    value: SecretValue,
    origin: Cow<'static, str>,
}

impl InlineSecret {
    /// Makes a provider of this secret; `origin` names its place, for error messages.
    pub fn new(value: SecretValue, origin: impl Into<Cow<'static, str>>) -> Self {
        Self {
            value,
            origin: origin.into(),
        }
    }
}

impl SecretProvider for InlineSecret {
    fn origin(&self) -> String {
        self.origin.clone().into_owned()
    }

    fn fetch(&self) -> BoxFuture<'_, Result<SecretVersions, SecretError>> {
        Box::pin(async move {
            if self.value.expose_secret().trim_ascii().is_empty() {
                return Err(SecretError::Misconfigured {
                    origin: self.origin().into(),
                    advice: "it is set but empty; give it a value or leave it out".into(),
                    source: None,
                });
            }
            Ok(self.value.clone().into())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_value_and_an_empty_one() {
        let secret = InlineSecret::new(SecretValue::new("canary"), "the test");
        assert_eq!(
            secret.fetch().await.unwrap().current.value.expose_secret(),
            b"canary"
        );
        let error = InlineSecret::new(SecretValue::new(""), "the test")
            .fetch()
            .await
            .unwrap_err();
        assert!(matches!(error, SecretError::Misconfigured { .. }));
        assert!(error.to_string().contains("the test"));
        assert!(error.to_string().contains("is set but empty"));
    }
}
