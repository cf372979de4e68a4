//! The secret providers that settings can name.

use lunadefend_core::provider::{SecretProvider, SettingError};
use lunadefend_secrets::{SecretProviders, SecretSettings};
use std::sync::Arc;

const AWS: &str = "aws-secrets-manager";

/// Returns the secret providers that settings can name: those of [`SecretProviders`], and
/// `aws-secrets-manager` (also `awsSecretsManager`) with the feature `aws`. Their settings are in the table
/// of [`docs/secrets.md`](https://github.com/lunadefend/lunadefend-rust/blob/main/docs/secrets.md).
#[must_use]
pub fn secret_providers() -> SecretProviders {
    SecretProviders::default().with(AWS, aws)
}

#[cfg(feature = "aws")]
fn aws(settings: &mut SecretSettings) -> Result<Arc<dyn SecretProvider>, SettingError> {
    let id = settings.required("secret_id", "the name or the ARN of the secret")?;
    let mut builder = lunadefend_secrets_aws::AwsSecret::builder(id);
    if let Some(region) = settings.text("region")? {
        builder = builder.region(region);
    }
    if let Some(field) = settings.text("field")? {
        builder = builder.field(field);
    }
    if let Some(endpoint) = settings.text("endpoint")? {
        builder = builder.endpoint(endpoint);
    }
    if settings.flag("allow_cleartext")? {
        builder = builder.allow_cleartext();
    }
    match builder.build() {
        Ok(secret) => Ok(Arc::new(secret)),
        Err(error) => Err(settings.error("secret_id", error.to_string())),
    }
}

/// Registered even without the feature, so that the error says what to do.
#[cfg(not(feature = "aws"))]
fn aws(settings: &mut SecretSettings) -> Result<Arc<dyn SecretProvider>, SettingError> {
    Err(settings.error(
        "provider",
        "this program is built without AWS: turn on the feature `aws` of the crate `lunadefend`, or of `lunadefend-cli` for the command",
    ))
}
