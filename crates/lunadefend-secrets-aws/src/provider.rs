//! A secret and its versions.

use crate::{
    builder::{AwsSecretBuilder, Settings},
    connect::connect,
    content,
    failure::{Concerns, Failure},
};
use aws_sdk_secretsmanager::Client;
use futures_util::{FutureExt as _, future::try_join};
use lunadefend_core::provider::{
    BoxFuture, SecretError, SecretProvider, SecretValue, SecretVersion, SecretVersions,
};
use std::{
    fmt,
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime},
};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout_at},
};

/// A secret of AWS Secrets Manager.
///
/// Each fetch sends requests to AWS: put it into a cache.
///
/// ```
/// use lunadefend_core::provider::SecretProvider;
/// use lunadefend_secrets_aws::AwsSecret;
///
/// let key = AwsSecret::builder(
///     "arn:aws:secretsmanager:eu-central-1:123456789012:secret:signing-key-AbCdEf",
/// )
/// .field("private_key")
/// .build()?;
/// assert_eq!(
///     key.origin(),
///     "AWS Secrets Manager secret arn:aws:secretsmanager:eu-central-1:123456789012:secret:signing-key-AbCdEf in eu-central-1",
/// );
/// # Ok::<(), lunadefend_core::provider::SecretError>(())
/// ```
///
/// # Security
/// The secret is wiped when it is dropped. Buffers of the AWS SDK, TLS and HTTP libraries are not: they may
/// hold the secret until the memory is used again.
pub struct AwsSecret {
    settings: Settings,
    /// Made at the first fetch, and again after AWS refused the credentials.
    client: Mutex<Option<Client>>,
    /// The region, once it is known.
    region: OnceLock<String>,
    pending: Neighbour,
    previous: Neighbour,
}

/// An optional stage beside the current one.
struct Neighbour {
    stage: &'static str,
    /// Whether the log already has a warning about an unusable version.
    warned: AtomicBool,
}

/// A version of the secret with AWS's id for it.
struct Version {
    id: String,
    secret: SecretVersion,
}

impl AwsSecret {
    /// The default time limit of a fetch: 10 seconds.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
    /// The default time limit of connecting: 2 seconds.
    pub const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

    pub(crate) const SERVICE: &str = "AWS Secrets Manager";

    /// Returns a builder for the secret with this name or ARN.
    pub fn builder(id: impl Into<String>) -> AwsSecretBuilder {
        AwsSecretBuilder::new(id.into())
    }

    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            settings,
            client: Mutex::default(),
            region: OnceLock::new(),
            pending: Neighbour::new("AWSPENDING"),
            previous: Neighbour::new("AWSPREVIOUS"),
        }
    }

    async fn versions(&self) -> Result<SecretVersions, Failure> {
        let deadline = Instant::now() + self.settings.timeout;
        let client = timeout_at(deadline, self.client()).await.map_err(|_| {
            Failure::unavailable("no AWS region in time: set it, or write the ARN of the secret")
        })??;
        let versions = timeout_at(deadline, self.consistent_versions(&client))
            .await
            .map_err(|_| Failure::unavailable("it did not answer in time"))?;
        if let Err(failure) = &versions
            && failure.concerns() == Concerns::Credentials
        {
            // Only a new client reads the files with credentials again.
            *self.client.lock().await = None;
        }
        versions
    }

    async fn client(&self) -> Result<Client, Failure> {
        let mut client = self.client.lock().await;
        if let Some(client) = &*client {
            return Ok(client.clone());
        }
        let (made, region) = connect(&self.settings).await?;
        // Already set if this is not the first client; the region does not change.
        let _ = self.region.set(region.to_string());
        Ok(client.insert(made).clone())
    }

    /// Returns the versions of one moment.
    ///
    /// AWS moves AWSPREVIOUS together with AWSCURRENT. A rotation between our requests must not make a key
    /// vanish, so the order matters. The previous version is requested last. It equals the current one
    /// exactly when the labels have moved since.
    async fn consistent_versions(&self, client: &Client) -> Result<SecretVersions, Failure> {
        let first = self.ask(client).await?;
        let (current, previous, next) = match first {
            (current, Some(previous), _) if previous.id == current.id => self.ask(client).await?,
            consistent => consistent,
        };
        // Still the same: an operator has put both labels on one version.
        let previous = previous.filter(|version| version.id != current.id);
        // AWS leaves AWSPENDING on a version that has become the current one.
        let next = next.filter(|version| {
            version.id != current.id && previous.as_ref().is_none_or(|it| it.id != version.id)
        });

        let mut versions = SecretVersions::only(current.secret);
        versions.previous = previous.map(|version| version.secret);
        versions.next = next.map(|version| version.secret);
        Ok(versions)
    }

    async fn ask(
        &self,
        client: &Client,
    ) -> Result<(Version, Option<Version>, Option<Version>), Failure> {
        // Ends with the first error of the current version; errors of the others are handled afterwards.
        let (current, pending) = try_join(
            self.version(client, "AWSCURRENT"),
            self.version(client, self.pending.stage).map(Ok),
        )
        .await?;
        let previous = self.version(client, self.previous.stage).await;
        Ok((
            current,
            self.if_usable(&self.previous, previous)?,
            self.if_usable(&self.pending, pending)?,
        ))
    }

    /// Skips an unusable version, so that it does not block the current one. A transient failure is an error:
    /// skipping would make a published key vanish for a while.
    fn if_usable(
        &self,
        neighbour: &Neighbour,
        outcome: Result<Version, Failure>,
    ) -> Result<Option<Version>, Failure> {
        match outcome {
            Err(failure) if failure.concerns() == Concerns::Version => {
                if !neighbour.warned.swap(true, Ordering::Relaxed) {
                    tracing::warn!(
                        origin = self.origin(),
                        stage = neighbour.stage,
                        "this version of the secret is left out: {}",
                        failure.advice(),
                    );
                }
                Ok(None)
            }
            Err(failure) if failure.concerns() != Concerns::Absence => Err(failure),
            there_or_not => {
                neighbour.warned.store(false, Ordering::Relaxed);
                Ok(there_or_not.ok())
            }
        }
    }

    async fn version(&self, client: &Client, stage: &str) -> Result<Version, Failure> {
        let answer = client
            .get_secret_value()
            .secret_id(self.settings.id.as_str())
            .version_stage(stage)
            .send()
            .await
            .map_err(|error| Failure::of_request(&error))?;
        let id = answer.version_id.ok_or_else(|| {
            Failure::unavailable("what answered is not AWS Secrets Manager: its version has no id")
        })?;
        let content = match (answer.secret_string, answer.secret_binary) {
            (Some(text), _) => SecretValue::new(text),
            (None, Some(bytes)) => SecretValue::new(bytes.into_inner()),
            (None, None) => {
                return Err(Failure::of_version(
                    "it has neither SecretString nor SecretBinary; put a value into it",
                ));
            }
        };
        Ok(Version {
            id,
            secret: SecretVersion {
                value: content::select(content, self.settings.field.as_deref())?,
                created: answer
                    .created_date
                    .and_then(|date| SystemTime::try_from(date).ok()),
                origin: None,
            },
        })
    }
}

impl Neighbour {
    const fn new(stage: &'static str) -> Self {
        Self {
            stage,
            warned: AtomicBool::new(false),
        }
    }
}

impl SecretProvider for AwsSecret {
    fn origin(&self) -> String {
        let found = self.region.get().or(self.settings.region.as_ref());
        let region = found.map_or(String::new(), |region| format!(" in {region}"));
        format!("{} secret {}{region}", Self::SERVICE, self.settings.id)
    }

    fn fetch(&self) -> BoxFuture<'_, Result<SecretVersions, SecretError>> {
        Box::pin(async move {
            self.versions()
                .await
                .map_err(|failure| failure.into_error(self.origin()))
        })
    }
}

/// Prints names and bounds, but no credentials, and not the endpoint, which may contain some.
impl fmt::Debug for AwsSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsSecret")
            .field("id", &self.settings.id.as_str())
            .field("region", &self.settings.region)
            .field("field", &self.settings.field)
            .field("timeout", &self.settings.timeout)
            .finish_non_exhaustive()
    }
}
