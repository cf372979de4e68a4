//! Makes a client from settings.

use crate::{builder::Settings, failure::Failure};
use aws_sdk_secretsmanager::{Client, config::Builder};
use lunadefend_aws::{Access, AccessError, Region, RetryConfig};
use std::time::Duration;

/// A secret has at most 64 KiB, which JSON can make six times as long.
const MAX_ANSWER: usize = 512 * 1024;

/// Makes the client, and returns its region.
pub(crate) async fn connect(settings: &Settings) -> Result<(Client, Region), Failure> {
    if settings.allow_cleartext {
        tracing::warn!(
            secret = settings.id.as_str(),
            "this secret may travel over http:// in cleartext, as it is configured"
        );
    }
    let access = Access {
        region: settings.region.clone(),
        credentials: settings.credentials.clone(),
        sdk_config: settings.sdk_config.clone(),
        allow_cleartext: settings.allow_cleartext,
        timeout: settings.timeout,
        connect_timeout: settings.connect_timeout,
        retries: RetryConfig::standard().with_initial_backoff(Duration::from_millis(200)),
        max_answer: MAX_ANSWER,
    };
    let opened = access.open().await.map_err(|error| match error {
        AccessError::NoRegion => Failure::misconfigured(
            "no AWS region is known; write the ARN of the secret instead of its name, or set its region or AWS_REGION",
        ),
        AccessError::NoCredentials => Failure::no_credentials(),
        error => Failure::unavailable(error.to_string()),
    })?;
    let mut config = Builder::from(&opened.config).interceptor(opened.guard);
    if let Some(endpoint) = &settings.endpoint {
        config.set_endpoint_url(Some(endpoint.clone()));
    }
    Ok((Client::from_conf(config.build()), opened.region))
}
