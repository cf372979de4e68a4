//! The usual AWS chain, with one TLS library and with bounds.

use crate::Guard;
use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_credential_types::{
    Credentials,
    provider::{
        ProvideCredentials, SharedCredentialsProvider, error::CredentialsError,
        future::ProvideCredentials as CredentialsFuture,
    },
};
use aws_smithy_http_client::tls::{self, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use std::{fmt, time::Duration};

/// How to reach AWS. What is not set here comes from the usual chain: the environment, a profile, web identity,
/// ECS, EC2.
#[derive(Clone)]
pub struct Access {
    /// The region, such as `eu-central-1`.
    pub region: Option<String>,
    /// Credentials, or a provider of them.
    pub credentials: Option<SharedCredentialsProvider>,
    /// The application's own configuration instead of the chain. Its HTTP client, timeouts and retries are used
    /// unchanged.
    pub sdk_config: Option<SdkConfig>,
    /// Allows `http://` to other machines.
    ///
    /// # Security
    /// Every machine on the path can read what is sent. Use it only for a fake in a container network.
    pub allow_cleartext: bool,
    /// The time limit of a request with its repetitions. Looking for credentials has half of it, and a response a
    /// third.
    pub timeout: Duration,
    /// The time limit of connecting.
    pub connect_timeout: Duration,
    /// How often a request is repeated, and when.
    pub retries: RetryConfig,
    /// The longest response that is read, in bytes.
    pub max_answer: usize,
}

/// What a client of one service is built from: `Builder::from(&opened.config).interceptor(opened.guard)`.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The configuration that all services share. It has a region, credentials and an HTTP client.
    pub config: SdkConfig,
    /// The interceptor that every client must have.
    pub guard: Guard,
    /// The region.
    pub region: Region,
}

/// Why there can be no client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AccessError {
    /// Nothing names a region.
    #[error("no AWS region is known; set the region, or AWS_REGION")]
    NoRegion,
    /// Nothing has credentials.
    #[error(
        "there are no AWS credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a profile in AWS_PROFILE, or run with a role"
    )]
    NoCredentials,
    /// The TLS library refused its configuration.
    #[error("TLS cannot be set up")]
    Tls,
}

impl Access {
    /// Reads the environment and the profiles. If they name no region, it asks the metadata service of EC2.
    ///
    /// # Errors
    /// [`AccessError`].
    pub async fn open(&self) -> Result<Opened, AccessError> {
        let has_roots = has_roots();
        let given = self.sdk_config.as_ref();
        let guard = Guard {
            allow_cleartext: self.allow_cleartext,
            // A custom HTTP client may have its own roots.
            has_roots: has_roots || given.is_some_and(|config| config.http_client().is_some()),
            max_answer: self.max_answer,
        };
        let chain = match given {
            Some(config) => config.clone(),
            None => self.usual_chain(has_roots).await?,
        };
        let region = self
            .region
            .clone()
            .map(Region::new)
            .or_else(|| chain.region().cloned())
            .ok_or(AccessError::NoRegion)?;
        let credentials = self
            .credentials
            .clone()
            .or_else(|| chain.credentials_provider())
            .ok_or(AccessError::NoCredentials)?;
        let has_client = chain.http_client().is_some();
        let has_version = chain.behavior_version().is_some();
        let mut config = chain
            .into_builder()
            .region(region.clone())
            .credentials_provider(SharedCredentialsProvider::new(Bounded {
                credentials,
                within: self.timeout / 2,
            }));
        if !has_client {
            config = config.http_client(http_client(has_roots)?);
        }
        if !has_version {
            config = config.behavior_version(BehaviorVersion::latest());
        }
        Ok(Opened {
            config: config.build(),
            guard,
            region,
        })
    }

    async fn usual_chain(&self, has_roots: bool) -> Result<SdkConfig, AccessError> {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(self.connect_timeout)
            // A hanging attempt, for example on a dead connection, leaves time for another.
            .read_timeout(self.timeout / 3)
            .build();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http_client(has_roots)?)
            // Set here because the chain panics on an invalid value in the environment.
            .retry_config(self.retries.clone())
            .timeout_config(timeouts);
        // The chain does not look up values that are set.
        if let Some(region) = &self.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(credentials) = &self.credentials {
            loader = loader.credentials_provider(credentials.clone());
        }
        Ok(loader.load().await)
    }
}

/// Prints bounds, and neither credentials nor an endpoint, which may contain some.
impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access")
            .field("region", &self.region)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// Follows no redirects, and takes no proxy from the environment.
fn http_client(has_roots: bool) -> Result<SharedHttpClient, AccessError> {
    // Loading the roots of a system that has none would panic in a debug build.
    let roots = TrustStore::empty().with_native_roots(has_roots);
    let context = TlsContext::builder()
        .with_trust_store(roots)
        .build()
        .map_err(|_| AccessError::Tls)?;
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
