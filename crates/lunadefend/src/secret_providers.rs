//! The secret providers that a configuration can name.

use lunadefend_core::SecretProvider;
use lunadefend_secrets::{SecretProviders, SecretSettings, SettingError};
use std::sync::Arc;

const AWS: &str = "aws-secrets-manager";

/// The secret providers that a configuration can name: those of [`SecretProviders`], and
/// `aws-secrets-manager` (also `awsSecretsManager`) with the feature `aws`.
///
/// | setting of `aws-secrets-manager` | meaning |
/// |---|---|
/// | `secret_id`, `secretArn` | the name or the ARN of the secret |
/// | `region` | such as `eu-central-1`, when it is not in the ARN nor where AWS looks for it |
/// | `field` | the field of a JSON object that holds the secret |
/// | `endpoint` | another address than AWS's |
/// | `allow_cleartext` | `true` permits an `http://` endpoint on another machine |
#[must_use]
pub fn secret_providers() -> SecretProviders {
    SecretProviders::default().with(AWS, aws)
}

#[cfg(feature = "aws")]
fn aws(settings: &mut SecretSettings) -> Result<Arc<dyn SecretProvider>, SettingError> {
    for alias in ["secretArn", "secret_arn", "arn"] {
        settings.alias(alias, "secret_id")?;
    }
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
    match settings.text("allow_cleartext")?.as_deref() {
        Some("true") => builder = builder.allow_cleartext(),
        None | Some("false") => {}
        Some(_) => return Err(settings.error("allow_cleartext", "write \"true\" or \"false\"")),
    }
    match builder.build() {
        Ok(secret) => Ok(Arc::new(secret)),
        Err(error) => Err(settings.error("secret_id", error.to_string())),
    }
}

/// Named all the same, so that the error says what to do.
#[cfg(not(feature = "aws"))]
fn aws(settings: &mut SecretSettings) -> Result<Arc<dyn SecretProvider>, SettingError> {
    Err(settings.error(
        "provider",
        "this program is built without AWS: turn on the feature `aws` of the crate `lunadefend`, or of `lunadefend-cli` for the command",
    ))
}
