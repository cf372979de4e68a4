//! The clients of a store, and how they are made.

use crate::{
    AwsOptions, OpenError,
    attempts::{Failed, repeat},
    check,
    item::{Item, binary},
};
use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{Intercept, context::BeforeDeserializationInterceptorContextRef},
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::config_bag::ConfigBag;
use lunadefend_aws::{Access, RetryConfig, TimeoutConfig};
use lunadefend_core::provider::UnixMillis;
use lunadefend_vault::store::{Store, StoreFuture};
use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a request may take, with its repetitions, while the store is opened or made.
const START_TIMEOUT: Duration = Duration::from_secs(20);
/// The longest time for a request of S3 with its repetitions, and for the body of a response.
pub(crate) const S3_TIMEOUT: Duration = Duration::from_secs(60);
/// DynamoDB answers with at most 16 MB, in base64.
const MAX_ANSWER: usize = 24 * 1024 * 1024;

/// A store on DynamoDB and S3. Cheap to clone: clones share their connections.
#[derive(Clone)]
pub struct AwsStore {
    pub(crate) dynamodb: aws_sdk_dynamodb::Client,
    pub(crate) s3: aws_sdk_s3::Client,
    pub(crate) table: String,
    pub(crate) bucket: String,
    /// The prefix of the store's objects, which no other store has.
    pub(crate) prefix: String,
    pub(crate) timeout: Duration,
}

/// The clients, before it is known that the store is as it must be.
pub(crate) struct Clients {
    pub(crate) dynamodb: aws_sdk_dynamodb::Client,
    pub(crate) s3: aws_sdk_s3::Client,
    pub(crate) region: String,
}

impl Clients {
    pub(crate) async fn new(options: &AwsOptions) -> Result<Self, OpenError> {
        let access = Access {
            region: options.region.clone(),
            credentials: options.credentials.clone(),
            sdk_config: options.sdk_config.clone(),
            allow_cleartext: options.allow_cleartext,
            timeout: options.timeout,
            connect_timeout: CONNECT_TIMEOUT,
            retries: RetryConfig::standard(),
            max_answer: MAX_ANSWER,
        };
        let opened = access.open().await?;
        let mut dynamodb = aws_sdk_dynamodb::config::Builder::from(&opened.config)
            .interceptor(opened.guard)
            .retry_config(RetryConfig::standard())
            .timeout_config(timeouts(START_TIMEOUT));
        dynamodb.set_endpoint_url(
            (options.dynamodb_endpoint.clone())
                .or_else(|| opened.config.endpoint_url().map(str::to_owned)),
        );
        let s3_endpoint = (options.s3_endpoint.clone())
            .or_else(|| opened.config.endpoint_url().map(str::to_owned));
        let mut s3 = aws_sdk_s3::config::Builder::from(&opened.config)
            .interceptor(opened.guard)
            .retry_config(RetryConfig::standard())
            .timeout_config(timeouts(S3_TIMEOUT))
            .force_path_style(s3_endpoint.is_some());
        s3.set_endpoint_url(s3_endpoint);
        Ok(Self {
            dynamodb: aws_sdk_dynamodb::Client::from_conf(dynamodb.build()),
            s3: aws_sdk_s3::Client::from_conf(s3.build()),
            region: opened.region.to_string(),
        })
    }
}

/// Limits a request, and each attempt of it, so that one that hangs leaves time for another.
fn timeouts(whole: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(whole / 2)
        .operation_attempt_timeout(whole / 2)
        .operation_timeout(whole)
        .build()
}

impl AwsStore {
    /// Opens the store, whose table and bucket must be there and be as [`create`](Self::create) makes them.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open(options: &AwsOptions) -> Result<Self, OpenError> {
        let clients = Clients::new(options).await?;
        let prefix = check::table(&clients, options).await?;
        check::bucket(&clients, options).await?;
        let dynamodb = clients
            .dynamodb
            .config()
            .to_builder()
            // Only who repeats by himself knows whether an attempt may have been applied.
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts(options.timeout));
        Ok(Self {
            dynamodb: aws_sdk_dynamodb::Client::from_conf(dynamodb.build()),
            s3: clients.s3,
            table: options.table.clone(),
            bucket: options.bucket.clone(),
            prefix,
            timeout: options.timeout,
        })
    }

    /// Makes the table and the bucket where they are missing; what is there stays as it is, and is checked.
    ///
    /// # Errors
    /// [`OpenError`]. What was made so far stays: the next call goes on.
    pub async fn create(options: &AwsOptions) -> Result<(), OpenError> {
        let clients = Clients::new(options).await?;
        crate::create::run(&clients, options).await?;
        check::table(&clients, options).await?;
        check::bucket(&clients, options).await
    }

    /// Reads the item of the store itself, and the time of the answer.
    pub(crate) async fn look(&self) -> Result<Option<UnixMillis>, Failed> {
        let told = Told::default();
        repeat(self.timeout, || async {
            let asked = self
                .dynamodb
                .get_item()
                .table_name(&self.table)
                .set_key(Some(own_key()))
                .consistent_read(true)
                .customize()
                .interceptor(told.clone());
            asked.send().await.map_err(|error| Failed::of(&error))
        })
        .await?;
        Ok(told.time())
    }
}

/// The key of the item of the store itself: no table has the number 0.
pub(crate) fn own_key() -> Item {
    Item::from([
        ("pk".to_owned(), binary(&[0])),
        ("sk".to_owned(), binary(b"store")),
    ])
}

/// The time that a response tells, in its header `date`.
#[derive(Clone, Debug, Default)]
struct Told(Arc<Mutex<Option<UnixMillis>>>);

impl Told {
    fn time(&self) -> Option<UnixMillis> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Intercept for Told {
    fn name(&self) -> &'static str {
        "Told"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date");
        let time = date
            .and_then(|date| DateTime::from_str(date, DateTimeFormat::HttpDate).ok())
            .and_then(|date| date.to_millis().ok())
            .and_then(|millis| u64::try_from(millis).ok());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = time.map(UnixMillis::new);
        Ok(())
    }
}

impl Store for AwsStore {
    fn check(&self) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            self.look().await.map_err(Failed::of_read)?;
            let bucket = self.s3.head_bucket().bucket(&self.bucket).send();
            bucket
                .await
                .map(drop)
                .map_err(|error| Failed::of(&error).of_read())
        })
    }
}

impl fmt::Debug for AwsStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsStore")
            .field("table", &self.table)
            .field("bucket", &self.bucket)
            .finish_non_exhaustive()
    }
}
