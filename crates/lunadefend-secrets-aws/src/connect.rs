//! Makes a client from settings: the usual AWS chain, with one TLS library and with bounds.

use crate::{
    builder::Settings,
    failure::{Failure, no_credentials},
    guard::Guard,
};
use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_credential_types::{
    Credentials,
    provider::{
        ProvideCredentials, SharedCredentialsProvider, error::CredentialsError,
        future::ProvideCredentials as CredentialsFuture,
    },
};
use aws_sdk_secretsmanager::{
    Client,
    config::{Builder, SharedHttpClient},
};
use aws_smithy_http_client::tls::{self, TlsContext, TrustStore, rustls_provider::CryptoMode};
use std::time::Duration;

/// Makes the client, and returns its region.
///
/// This reads the environment and the profiles. If they name no region, it asks the metadata service of EC2.
pub(crate) async fn connect(settings: &Settings) -> Result<(Client, Region), Failure> {
    if settings.allow_cleartext {
        tracing::warn!(
            secret = settings.id.as_str(),
            "this secret may travel over http:// in cleartext, as it is configured"
        );
    }
    let has_roots = has_roots();
    let given = settings.sdk_config.as_ref();
    let guard = Guard {
        allow_cleartext: settings.allow_cleartext,
        // A custom HTTP client may have its own roots.
        has_roots: has_roots || given.is_some_and(|config| config.http_client().is_some()),
    };
    let chain = match given {
        Some(config) => config.clone(),
        None => usual_chain(settings, has_roots).await?,
    };
    let region = settings
        .region
        .clone()
        .map(Region::new)
        .or_else(|| chain.region().cloned())
        .ok_or_else(no_region)?;
    let credentials = settings
        .credentials
        .clone()
        .or_else(|| chain.credentials_provider())
        .ok_or_else(no_credentials)?;

    let mut config = Builder::from(&chain)
        .region(region.clone())
        .credentials_provider(Bounded {
            credentials,
            within: settings.timeout / 2,
        })
        .interceptor(guard);
    if let Some(endpoint) = &settings.endpoint {
        config.set_endpoint_url(Some(endpoint.clone()));
    }
    if chain.http_client().is_none() {
        config.set_http_client(Some(http_client(has_roots)?));
    }
    if chain.behavior_version().is_none() {
        config.set_behavior_version(Some(BehaviorVersion::latest()));
    }
    Ok((Client::from_conf(config.build()), region))
}

async fn usual_chain(settings: &Settings, has_roots: bool) -> Result<SdkConfig, Failure> {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(settings.connect_timeout)
        // A hanging attempt, for example on a dead connection, leaves time for another.
        .read_timeout(settings.timeout / 3)
        .build();
    // Set here because the chain panics on an invalid value in the environment.
    let retries = RetryConfig::standard().with_initial_backoff(Duration::from_millis(200));
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http_client(has_roots)?)
        .retry_config(retries)
        .timeout_config(timeouts);
    // The chain does not look up values that are set.
    if let Some(region) = &settings.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(credentials) = &settings.credentials {
        loader = loader.credentials_provider(credentials.clone());
    }
    Ok(loader.load().await)
}

fn no_region() -> Failure {
    Failure::misconfigured(
        "no AWS region is known; write the ARN of the secret instead of its name, or set its region or AWS_REGION",
    )
}

/// Follows no redirects, and takes no proxy from the environment.
fn http_client(has_roots: bool) -> Result<SharedHttpClient, Failure> {
    // Loading the roots of a system that has none would panic in a debug build.
    let roots = TrustStore::empty().with_native_roots(has_roots);
    let context = TlsContext::builder()
        .with_trust_store(roots)
        .build()
        .map_err(|_| Failure::unavailable("TLS cannot be set up"))?;
    Ok(aws_smithy_http_client::Builder::new()
        .tls_provider(tls::Provider::Rustls(CryptoMode::Ring))
        .tls_context(context)
        .build_https())
}

fn has_roots() -> bool {
    !rustls_native_certs::load_native_certs().certs.is_empty()
}

/// Credentials with a time limit, and an error that reports it.
#[derive(Debug)]
struct Bounded {
    credentials: SharedCredentialsProvider,
    within: Duration,
}

impl ProvideCredentials for Bounded {
    fn provide_credentials<'a>(&'a self) -> CredentialsFuture<'a>
    where
        Self: 'a,
    {
        CredentialsFuture::new(async move {
            let asked = self.credentials.provide_credentials();
            match tokio::time::timeout(self.within, asked).await {
                Ok(answer) => answer,
                Err(_) => self
                    .fallback_on_interrupt()
                    .ok_or_else(|| CredentialsError::provider_timed_out(self.within)),
            }
        })
    }

    fn fallback_on_interrupt(&self) -> Option<Credentials> {
        self.credentials.fallback_on_interrupt()
    }
}
