//! Which table and bucket, and how AWS is reached.

use lunadefend_aws::{
    EndpointError, ProvideCredentials, SdkConfig, SharedCredentialsProvider, check_endpoint,
    is_region,
};
use std::{fmt, time::Duration};

/// The table and the bucket of a store, and how AWS is reached.
///
/// What is not set comes from the usual AWS chain: environment, profile, web identity, ECS, EC2.
///
/// ```
/// use lunadefend_vault_aws::AwsOptions;
///
/// let options = AwsOptions::new("tokenizer", "tokenizer-values-3141")?.region("eu-central-1")?;
/// # drop(options);
/// # Ok::<(), lunadefend_vault_aws::OptionsError>(())
/// ```
#[derive(Clone)]
pub struct AwsOptions {
    pub(crate) table: String,
    pub(crate) bucket: String,
    pub(crate) region: Option<String>,
    pub(crate) dynamodb_endpoint: Option<String>,
    pub(crate) s3_endpoint: Option<String>,
    pub(crate) allow_cleartext: bool,
    pub(crate) credentials: Option<SharedCredentialsProvider>,
    pub(crate) sdk_config: Option<SdkConfig>,
    pub(crate) timeout: Duration,
}

/// Why options are wrong. No text contains a credential or an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OptionsError {
    /// It cannot be a table's name.
    #[error("the table of DynamoDB has 3 to 255 letters, digits, `_`, `-` and `.` in its name")]
    Table,
    /// It cannot be a bucket's name.
    #[error(
        "the bucket of S3 has 3 to 63 small letters, digits, `-` and `.` in its name, and begins and ends with one of the first two"
    )]
    Bucket,
    /// It cannot be a region's name.
    #[error("its region is not one; it must look like us-east-1")]
    Region,
    /// It cannot be an endpoint.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
}

impl AwsOptions {
    /// The longest time for a call of DynamoDB with its repetitions, unless said otherwise.
    pub const TIMEOUT: Duration = Duration::from_secs(4);

    /// Names the table and the bucket. They belong together: never give two tables one bucket.
    ///
    /// # Errors
    /// [`OptionsError`].
    pub fn new(table: impl Into<String>, bucket: impl Into<String>) -> Result<Self, OptionsError> {
        let (table, bucket) = (table.into(), bucket.into());
        if !is_table(&table) {
            return Err(OptionsError::Table);
        }
        if !is_bucket(&bucket) {
            return Err(OptionsError::Bucket);
        }
        Ok(Self {
            table,
            bucket,
            region: None,
            dynamodb_endpoint: None,
            s3_endpoint: None,
            allow_cleartext: false,
            credentials: None,
            sdk_config: None,
            timeout: Self::TIMEOUT,
        })
    }

    /// Sets the region, such as `eu-central-1`.
    ///
    /// # Errors
    /// [`OptionsError::Region`].
    pub fn region(mut self, region: impl Into<String>) -> Result<Self, OptionsError> {
        let region = region.into();
        if !is_region(&region) {
            return Err(OptionsError::Region);
        }
        self.region = Some(region);
        Ok(self)
    }

    /// Allows `http://` endpoints on other machines, from every source of an endpoint. Call it before you set one.
    ///
    /// # Security
    /// Every machine on the path can read the session ids' keyed hashes and delete values. Use it only for a fake in a
    /// container network.
    #[must_use]
    pub const fn allow_cleartext(mut self) -> Self {
        self.allow_cleartext = true;
        self
    }

    /// Sets another address for DynamoDB than AWS's: a local fake, or a VPC endpoint.
    ///
    /// # Errors
    /// [`OptionsError::Endpoint`].
    pub fn dynamodb_endpoint(mut self, url: impl Into<String>) -> Result<Self, OptionsError> {
        self.dynamodb_endpoint = Some(self.endpoint(url)?);
        Ok(self)
    }

    /// Sets another address for S3 than AWS's. The bucket is then named in the path, not in the host.
    ///
    /// # Errors
    /// [`OptionsError::Endpoint`].
    pub fn s3_endpoint(mut self, url: impl Into<String>) -> Result<Self, OptionsError> {
        self.s3_endpoint = Some(self.endpoint(url)?);
        Ok(self)
    }

    fn endpoint(&self, url: impl Into<String>) -> Result<String, OptionsError> {
        let url = url.into();
        check_endpoint(&url, self.allow_cleartext)?;
        Ok(url)
    }

    /// Sets credentials, or a provider of them, instead of the usual chain.
    #[must_use]
    pub fn credentials(mut self, credentials: impl ProvideCredentials + 'static) -> Self {
        self.credentials = Some(SharedCredentialsProvider::new(credentials));
        self
    }

    /// Uses the application's own configuration instead of the usual chain: for assumed roles, SSO, a proxy, a custom
    /// HTTP client. Timeouts and repetitions are the store's.
    #[must_use]
    pub fn sdk_config(mut self, config: &SdkConfig) -> Self {
        self.sdk_config = Some(config.clone());
        self
    }

    /// Sets the longest time for a call of DynamoDB with its repetitions.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
}

/// Prints names, and neither credentials nor endpoints, which may contain some.
impl fmt::Debug for AwsOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsOptions")
            .field("table", &self.table)
            .field("bucket", &self.bucket)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

fn is_table(name: &str) -> bool {
    (3..=255).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
}

fn is_bucket(name: &str) -> bool {
    let is_small = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends = [name.bytes().next(), name.bytes().last()];
    (3..=63).contains(&name.len())
        && name
            .bytes()
            .all(|byte| is_small(byte) || b"-.".contains(&byte))
        && ends.into_iter().flatten().all(is_small)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert!(AwsOptions::new("tokenizer.v1_2", "values-3141").is_ok());
        for table in ["", "ab", "a/b/c", "tökenizer", &"a".repeat(256)] {
            let error = AwsOptions::new(table, "values").unwrap_err();
            assert_eq!(error, OptionsError::Table, "{table}");
        }
        for bucket in [
            "",
            "ab",
            "Values",
            "-values",
            "values-",
            "a_b",
            &"a".repeat(64),
        ] {
            let error = AwsOptions::new("tokenizer", bucket).unwrap_err();
            assert_eq!(error, OptionsError::Bucket, "{bucket}");
        }
        let options = || AwsOptions::new("tokenizer", "values").unwrap();
        assert_eq!(options().region("Mars").unwrap_err(), OptionsError::Region);
        let cleartext = "http://10.0.0.1/";
        assert!(options().s3_endpoint(cleartext).is_err());
        assert!(options().allow_cleartext().s3_endpoint(cleartext).is_ok());
    }
}
