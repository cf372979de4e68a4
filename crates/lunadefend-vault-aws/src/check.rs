//! Whether table and bucket are as they must be, said in words.

use crate::{
    AwsOptions, OpenError,
    attempts::Failed,
    error::Said,
    item::{EXPIRIES, bytes},
    store::{Clients, own_key},
};
use aws_sdk_dynamodb::{
    error::{BuildError, ProvideErrorMetadata, SdkError},
    types::{KeySchemaElement, KeyType, ScalarAttributeType, TableDescription},
};
use aws_sdk_s3::types::BucketVersioningStatus;
use aws_smithy_runtime_api::http::Response;
use lunadefend_aws::{AccessError, CredentialsError, find};
use std::error::Error;

/// Checks that there is the table, and that it is one of ours.
pub(crate) async fn shape(clients: &Clients, options: &AwsOptions) -> Result<(), OpenError> {
    let name = &options.table;
    let described = clients.dynamodb.describe_table().table_name(name).send();
    let described = described
        .await
        .map_err(|error| match error.as_service_error() {
            Some(service) if service.is_resource_not_found_exception() => OpenError::NoTable {
                table: name.clone(),
                region: clients.region.clone(),
            },
            _ => request("DynamoDB", "dynamodb:DescribeTable", &error),
        })?;
    let table = described.table.ok_or_else(|| OpenError::NoTable {
        table: name.clone(),
        region: clients.region.clone(),
    })?;
    if !table.replicas().is_empty() {
        return Err(OpenError::GlobalTable(name.clone()));
    }
    if let Some(difference) = difference(&table) {
        return Err(OpenError::OtherTable {
            table: name.clone(),
            difference,
        });
    }
    Ok(())
}

/// Checks the table, and returns the prefix of the store's objects.
pub(crate) async fn table(clients: &Clients, options: &AwsOptions) -> Result<String, OpenError> {
    shape(clients, options).await?;
    let name = &options.table;
    let own = clients
        .dynamodb
        .get_item()
        .table_name(name)
        .set_key(Some(own_key()))
        .consistent_read(true);
    let own = own.send().await;
    let own = own.map_err(|error| request("DynamoDB", "dynamodb:GetItem", &error))?;
    let prefix = own.item.as_ref().and_then(|item| bytes(item, "v"));
    prefix
        .and_then(|prefix| std::str::from_utf8(prefix).ok())
        .map(str::to_owned)
        .ok_or_else(|| OpenError::Unfinished(name.clone()))
}

/// What differs from the table that [`create`](crate::create) makes.
fn difference(table: &TableDescription) -> Option<&'static str> {
    use ScalarAttributeType::{B, N};
    let type_of = |name: &str| {
        let attributes = table.attribute_definitions().iter();
        let mut named = attributes.filter(|one| one.attribute_name() == name);
        named.next().map(|one| one.attribute_type().clone())
    };
    let is = |schema: &[KeySchemaElement], hash: &str, range: &str| {
        let has = |kind: KeyType, name: &str| {
            let mut schema = schema.iter();
            schema.any(|one| *one.key_type() == kind && one.attribute_name() == name)
        };
        schema.len() == 2 && has(KeyType::Hash, hash) && has(KeyType::Range, range)
    };
    let has_key = is(table.key_schema(), "pk", "sk");
    if !has_key || type_of("pk") != Some(B) || type_of("sk") != Some(B) {
        return Some("its key must be the binary pk and the binary sk");
    }
    let mut indexes = table.global_secondary_indexes().iter();
    let index = indexes.find(|index| index.index_name() == Some(EXPIRIES));
    let has_index = index.is_some_and(|index| is(index.key_schema(), "g", "e"));
    if !has_index || type_of("g") != Some(N) || type_of("e") != Some(N) {
        return Some("it must have the index `expiries` by the numbers g and e");
    }
    None
}

/// Checks the bucket.
pub(crate) async fn bucket(clients: &Clients, options: &AwsOptions) -> Result<(), OpenError> {
    let bucket = || options.bucket.clone();
    let head = clients.s3.head_bucket().bucket(bucket()).send().await;
    let head =
        head.map_err(
            |error| match error.raw_response().map(|raw| raw.status().as_u16()) {
                Some(301 | 400) => OpenError::OtherRegion {
                    bucket: bucket(),
                    region: clients.region.clone(),
                },
                Some(403 | 404) => OpenError::NoBucket { bucket: bucket() },
                _ => request("S3", "s3:ListBucket", &error),
            },
        )?;
    if head
        .bucket_region()
        .is_some_and(|region| region != clients.region)
    {
        return Err(OpenError::OtherRegion {
            bucket: bucket(),
            region: clients.region.clone(),
        });
    }
    let versioning = clients.s3.get_bucket_versioning().bucket(bucket()).send();
    match versioning.await {
        Ok(answer) if answer.status() == Some(&BucketVersioningStatus::Enabled) => {
            return Err(OpenError::Versioned(bucket()));
        }
        Ok(_) => {}
        Err(error) if is_unknown(&error) => {}
        Err(error) => return Err(request("S3", "s3:GetBucketVersioning", &error)),
    }
    let block = clients.s3.get_public_access_block().bucket(bucket()).send();
    match block.await {
        Ok(answer) => {
            let is_blocked = answer
                .public_access_block_configuration()
                .is_some_and(|block| {
                    [
                        block.block_public_acls(),
                        block.block_public_policy(),
                        block.ignore_public_acls(),
                        block.restrict_public_buckets(),
                    ]
                    .iter()
                    .all(|setting| *setting == Some(true))
                });
            match is_blocked {
                true => Ok(()),
                false => Err(OpenError::Public(bucket())),
            }
        }
        Err(error) if is_unknown(&error) => Ok(()),
        Err(error) if code(&error) == Some("NoSuchPublicAccessBlockConfiguration") => {
            Err(OpenError::Public(bucket()))
        }
        Err(error) => Err(request("S3", "s3:GetBucketPublicAccessBlock", &error)),
    }
}

fn code<E: ProvideErrorMetadata>(error: &SdkError<E, Response>) -> Option<&str> {
    error
        .as_service_error()
        .and_then(ProvideErrorMetadata::code)
}

/// Another implementation of S3 does not know what is asked, and has nothing public.
pub(crate) fn is_unknown<E: ProvideErrorMetadata>(error: &SdkError<E, Response>) -> bool {
    code(error) == Some("NotImplemented")
}

/// The error for a request that could not be made: nothing is sent in its place.
pub(crate) fn unbuilt(
    service: &'static str,
    action: &'static str,
    error: &BuildError,
) -> OpenError {
    OpenError::Request {
        service,
        action,
        advice: "look at what it says",
        source: Said(error.to_string()),
    }
}

pub(crate) fn request<E>(
    service: &'static str,
    action: &'static str,
    error: &SdkError<E, Response>,
) -> OpenError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    if let Some(CredentialsError::CredentialsNotLoaded(_)) = find::<CredentialsError>(error) {
        return AccessError::NoCredentials.into();
    }
    let Said(said) = Failed::of(error).said;
    let advice = match code(error) {
        Some("AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation") => {
            "give the role this action in its IAM policy"
        }
        Some(_) => "look at what it says",
        None => "check the region, the network and the credentials",
    };
    OpenError::Request {
        service,
        action,
        advice,
        source: Said(said),
    }
}
