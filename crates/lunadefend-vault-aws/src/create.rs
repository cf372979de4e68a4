//! Makes the table and the bucket.

use crate::{
    AwsOptions, OpenError,
    check::{self, is_unknown, request, unbuilt},
    item::{EXPIRIES, binary},
    store::{Clients, own_key},
};
use aws_sdk_dynamodb::{
    error::BuildError,
    types::{
        AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType,
        Projection, ProjectionType, ScalarAttributeType, TableStatus, TimeToLiveSpecification,
        TimeToLiveStatus,
    },
};
use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, BucketLifecycleConfiguration, BucketLocationConstraint,
    CreateBucketConfiguration, ExpirationStatus, LifecycleRule, LifecycleRuleFilter,
    PublicAccessBlockConfiguration,
};
use lunadefend_crypto::random_bytes;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long a new table is waited for, and how often it is looked at.
const READY: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(500);
/// After as many days S3 deletes the parts of an upload that did not end.
const UPLOAD_DAYS: i32 = 2;

/// Makes what is missing.
pub(crate) async fn run(clients: &Clients, options: &AwsOptions) -> Result<(), OpenError> {
    table(clients, options).await?;
    ready(clients, options).await?;
    // Nothing is changed of a table of somebody else.
    check::shape(clients, options).await?;
    expire(clients, options).await?;
    mark(clients, options).await?;
    if bucket(clients, options).await? {
        close(clients, options).await?;
    }
    Ok(())
}

/// Makes the table unless there is one.
async fn table(clients: &Clients, options: &AwsOptions) -> Result<(), OpenError> {
    let create = clients
        .dynamodb
        .create_table()
        .table_name(&options.table)
        .billing_mode(BillingMode::PayPerRequest)
        .deletion_protection_enabled(true);
    let (attributes, keys, index) =
        parts().map_err(|error| unbuilt("DynamoDB", "dynamodb:CreateTable", &error))?;
    let create = create
        .set_attribute_definitions(Some(attributes))
        .set_key_schema(Some(keys))
        .global_secondary_indexes(index);
    match create.send().await {
        Ok(_) => Ok(()),
        Err(error) => match error.as_service_error() {
            Some(service) if service.is_resource_in_use_exception() => Ok(()),
            _ => Err(request("DynamoDB", "dynamodb:CreateTable", &error)),
        },
    }
}

type Parts = (
    Vec<AttributeDefinition>,
    Vec<KeySchemaElement>,
    GlobalSecondaryIndex,
);

fn parts() -> Result<Parts, BuildError> {
    use ScalarAttributeType::{B, N};
    let attribute = |name: &str, kind: ScalarAttributeType| {
        AttributeDefinition::builder()
            .attribute_name(name)
            .attribute_type(kind)
            .build()
    };
    let key = |name: &str, kind: KeyType| {
        KeySchemaElement::builder()
            .attribute_name(name)
            .key_type(kind)
            .build()
    };
    let attributes = vec![
        attribute("pk", B)?,
        attribute("sk", B)?,
        attribute("g", N)?,
        attribute("e", N)?,
    ];
    let keys = vec![key("pk", KeyType::Hash)?, key("sk", KeyType::Range)?];
    let only_keys = Projection::builder()
        .projection_type(ProjectionType::KeysOnly)
        .build();
    let index = GlobalSecondaryIndex::builder()
        .index_name(EXPIRIES)
        .key_schema(key("g", KeyType::Hash)?)
        .key_schema(key("e", KeyType::Range)?)
        .projection(only_keys)
        .build()?;
    Ok((attributes, keys, index))
}

async fn ready(clients: &Clients, options: &AwsOptions) -> Result<(), OpenError> {
    let deadline = Instant::now() + READY;
    loop {
        let asked = clients.dynamodb.describe_table();
        let asked = asked.table_name(&options.table).send().await;
        let answer =
            asked.map_err(|error| request("DynamoDB", "dynamodb:DescribeTable", &error))?;
        let status = answer.table().and_then(|table| table.table_status());
        if status == Some(&TableStatus::Active) {
            return Ok(());
        }
        if Instant::now() >= deadline {
            return Err(OpenError::Slow(options.table.clone()));
        }
        sleep(LOOK).await;
    }
}

/// Lets DynamoDB delete what no tokenizer has deleted a week after its expiry.
async fn expire(clients: &Clients, options: &AwsOptions) -> Result<(), OpenError> {
    let described = clients.dynamodb.describe_time_to_live();
    let described = described.table_name(&options.table).send().await;
    let described =
        described.map_err(|error| request("DynamoDB", "dynamodb:DescribeTimeToLive", &error))?;
    let status = described
        .time_to_live_description
        .and_then(|description| description.time_to_live_status);
    if matches!(
        status,
        Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)
    ) {
        return Ok(());
    }
    let specification = TimeToLiveSpecification::builder()
        .attribute_name("x")
        .enabled(true)
        .build()
        .map_err(|error| unbuilt("DynamoDB", "dynamodb:UpdateTimeToLive", &error))?;
    let update = clients
        .dynamodb
        .update_time_to_live()
        .table_name(&options.table)
        .time_to_live_specification(specification);
    let updated = update.send().await;
    updated
        .map(drop)
        .map_err(|error| request("DynamoDB", "dynamodb:UpdateTimeToLive", &error))
}

/// Gives the store its own prefix in the bucket, once: two stores with one bucket cannot delete each other's values.
async fn mark(clients: &Clients, options: &AwsOptions) -> Result<(), OpenError> {
    let random: [u8; 16] = random_bytes().map_err(|_| OpenError::Random)?;
    let mut prefix: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    prefix.push('/');
    let put = clients
        .dynamodb
        .put_item()
        .table_name(&options.table)
        .set_item(Some(own_key()))
        .item("v", binary(prefix.as_bytes()))
        .condition_expression("attribute_not_exists(pk)");
    match put.send().await {
        Ok(_) => Ok(()),
        Err(error) => match error.as_service_error() {
            Some(service) if service.is_conditional_check_failed_exception() => Ok(()),
            _ => Err(request("DynamoDB", "dynamodb:PutItem", &error)),
        },
    }
}

/// Makes the bucket; `false` when it is ours already.
async fn bucket(clients: &Clients, options: &AwsOptions) -> Result<bool, OpenError> {
    let head = clients.s3.head_bucket().bucket(&options.bucket).send();
    match head.await {
        Ok(_) => return Ok(false),
        Err(error) if error.raw_response().map(|raw| raw.status().as_u16()) == Some(404) => {}
        // What is wrong with it, the check says.
        Err(_) => return Ok(false),
    }
    // This region has no name of a location.
    let place = (clients.region != "us-east-1").then(|| {
        CreateBucketConfiguration::builder()
            .location_constraint(BucketLocationConstraint::from(clients.region.as_str()))
            .build()
    });
    let create = clients
        .s3
        .create_bucket()
        .bucket(&options.bucket)
        .set_create_bucket_configuration(place);
    match create.send().await {
        Ok(_) => Ok(true),
        Err(error) => match error.as_service_error() {
            Some(service) if service.is_bucket_already_owned_by_you() => Ok(false),
            Some(service) if service.is_bucket_already_exists() => {
                Err(OpenError::TakenBucket(options.bucket.clone()))
            }
            _ => Err(request("S3", "s3:CreateBucket", &error)),
        },
    }
}

/// Blocks all public access of a new bucket, and lets S3 delete parts of uploads that did not end.
async fn close(clients: &Clients, options: &AwsOptions) -> Result<(), OpenError> {
    let block = PublicAccessBlockConfiguration::builder()
        .block_public_acls(true)
        .block_public_policy(true)
        .ignore_public_acls(true)
        .restrict_public_buckets(true)
        .build();
    let blocked = clients
        .s3
        .put_public_access_block()
        .bucket(&options.bucket)
        .public_access_block_configuration(block);
    match blocked.send().await {
        Err(error) if !is_unknown(&error) => {
            return Err(request("S3", "s3:PutBucketPublicAccessBlock", &error));
        }
        _ => {}
    }
    let abort = AbortIncompleteMultipartUpload::builder()
        .days_after_initiation(UPLOAD_DAYS)
        .build();
    let rule = LifecycleRule::builder()
        .id("uploads that did not end")
        .status(ExpirationStatus::Enabled)
        .filter(LifecycleRuleFilter::builder().prefix("").build())
        .abort_incomplete_multipart_upload(abort)
        .build();
    let rules = rule.and_then(|rule| BucketLifecycleConfiguration::builder().rules(rule).build());
    let rules = rules.map_err(|error| unbuilt("S3", "s3:PutLifecycleConfiguration", &error))?;
    let put = clients
        .s3
        .put_bucket_lifecycle_configuration()
        .bucket(&options.bucket)
        .lifecycle_configuration(rules);
    match put.send().await {
        Err(error) if !is_unknown(&error) => {
            Err(request("S3", "s3:PutLifecycleConfiguration", &error))
        }
        // Without such rules the tokenizers' own sweep ends what is left over.
        _ => Ok(()),
    }
}
