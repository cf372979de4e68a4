//! The settings of a secret.

use crate::{AwsSecret, failure::Failure, secret_id::SecretId};
use lunadefend_aws::{
    ProvideCredentials, SdkConfig, SharedCredentialsProvider, check_endpoint, is_region,
};
use lunadefend_core::provider::SecretError;
use std::{fmt, time::Duration};

const LONGEST_TIMEOUT: Duration = Duration::from_secs(3600);

/// Builds an [`AwsSecret`].
///
/// The first fetch looks up missing settings by the usual AWS chain.
#[must_use]
pub struct AwsSecretBuilder {
    id: String,
    field: Option<String>,
    region: Option<String>,
    endpoint: Option<String>,
    allow_cleartext: bool,
    credentials: Option<SharedCredentialsProvider>,
    sdk_config: Option<SdkConfig>,
    timeout: Duration,
    connect_timeout: Duration,
}

impl AwsSecretBuilder {
    pub(crate) fn new(id: String) -> Self {
        Self {
            id,
            field: None,
            region: None,
            endpoint: None,
            allow_cleartext: false,
            credentials: None,
            sdk_config: None,
            timeout: AwsSecret::DEFAULT_TIMEOUT,
            connect_timeout: AwsSecret::DEFAULT_CONNECT_TIMEOUT,
        }
    }

    /// Takes the secret from the string field of this name in a JSON object. A dot is part of the name.
    ///
    /// Without a field the secret is the whole content. Of an object with the strings `public_key` and
    /// `private_key` it is the private key.
    pub fn field(mut self, name: impl Into<String>) -> Self {
        self.field = Some(name.into());
        self
    }

    /// Sets the region, such as `eu-central-1`. An ARN already has one.
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// Sets another address than AWS's: a local fake, or a VPC endpoint.
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        self.endpoint = Some(url.into());
        self
    }

    /// Allows `http://` endpoints on other machines, from every source of the endpoint.
    ///
    /// # Security
    /// Every machine on the path can read the secret. Use it only for a fake in a container network.
    pub fn allow_cleartext(mut self) -> Self {
        self.allow_cleartext = true;
        self
    }

    /// Sets credentials, or a provider of them, instead of the usual chain.
    ///
    /// ```
    /// use lunadefend_secrets_aws::{AwsSecret, Credentials};
    ///
    /// # fn example(access_key_id: String, secret_access_key: String) -> Result<(), lunadefend_core::provider::SecretError> {
    /// let credentials = Credentials::new(access_key_id, secret_access_key, None, None, "our settings");
    /// let secret = AwsSecret::builder("signing-key")
    ///     .region("eu-central-1")
    ///     .credentials(credentials)
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn credentials(mut self, credentials: impl ProvideCredentials + 'static) -> Self {
        self.credentials = Some(SharedCredentialsProvider::new(credentials));
        self
    }

    /// Uses the application's own configuration instead of the usual chain: for assumed roles, SSO, a proxy,
    /// a custom HTTP client. The other settings of this builder take precedence.
    ///
    /// # Security
    /// Its HTTP client and its timeouts are used unchanged.
    pub fn sdk_config(mut self, config: &SdkConfig) -> Self {
        self.sdk_config = Some(config.clone());
        self
    }

    /// Sets the time limit of a whole fetch: finding region and credentials, connecting, retries. At most an
    /// hour; the default is [`AwsSecret::DEFAULT_TIMEOUT`].
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the time limit of connecting. At most an hour; the default is
    /// [`AwsSecret::DEFAULT_CONNECT_TIMEOUT`].
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Validates the settings. It uses neither the environment nor the network yet.
    ///
    /// # Errors
    /// [`SecretError::Misconfigured`], which names the wrong setting.
    pub fn build(self) -> Result<AwsSecret, SecretError> {
        let settings = self.settings();
        settings
            .map(AwsSecret::new)
            // The name is invalid, and may be a pasted secret: not repeated.
            .map_err(|advice| Failure::misconfigured(advice).into_error(AwsSecret::SERVICE.into()))
    }

    fn settings(self) -> Result<Settings, String> {
        let id: SecretId = self.id.parse().map_err(|error| format!("{error}"))?;
        if let Some(region) = &self.region {
            if !is_region(region) {
                return Err("its region is not one; it must look like us-east-1".to_owned());
            }
            if id.region().is_some_and(|named| named != region) {
                return Err("its ARN names another region than the one that is set".to_owned());
            }
        }
        if self.field.as_deref() == Some("") {
            return Err(
                "the name of its field is empty; leave it out for all of the secret".to_owned(),
            );
        }
        if [self.timeout, self.connect_timeout]
            .iter()
            .any(|timeout| timeout.is_zero() || *timeout > LONGEST_TIMEOUT)
        {
            return Err("its timeouts must be longer than zero and at most an hour".to_owned());
        }
        if let Some(endpoint) = &self.endpoint {
            check_endpoint(endpoint, self.allow_cleartext).map_err(|error| error.to_string())?;
        }
        let region = id.region().map(str::to_owned).or(self.region);
        Ok(Settings {
            id,
            field: self.field,
            region,
            endpoint: self.endpoint,
            allow_cleartext: self.allow_cleartext,
            credentials: self.credentials,
            sdk_config: self.sdk_config,
            timeout: self.timeout,
            connect_timeout: self.connect_timeout,
        })
    }
}

impl fmt::Debug for AwsSecretBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsSecretBuilder").finish_non_exhaustive()
    }
}

/// Settings that are valid on their own.
pub(crate) struct Settings {
    pub(crate) id: SecretId,
    pub(crate) field: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) endpoint: Option<String>,
    pub(crate) allow_cleartext: bool,
    pub(crate) credentials: Option<SharedCredentialsProvider>,
    pub(crate) sdk_config: Option<SdkConfig>,
    pub(crate) timeout: Duration,
    pub(crate) connect_timeout: Duration,
}
