//! Why a store on AWS cannot be opened or made.

use lunadefend_aws::AccessError;
use std::fmt;

/// Why a store on DynamoDB and S3 cannot be opened or made. Each text says what to do.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// AWS cannot be asked at all.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// A request failed.
    #[error("{service} refused `{action}`, or did not answer: {advice}")]
    Request {
        /// The service.
        service: &'static str,
        /// The action, as an IAM policy names it.
        action: &'static str,
        /// What to do.
        advice: &'static str,
        /// What the service said.
        #[source]
        source: Said,
    },
    /// There is no such table.
    #[error(
        "DynamoDB has no table `{table}` in {region}: check its name and the region, or make it with lunadefend store create"
    )]
    NoTable {
        /// The table.
        table: String,
        /// The region.
        region: String,
    },
    /// The table has other keys or indexes.
    #[error("the table `{table}` is not one that lunadefend store create makes: {difference}")]
    OtherTable {
        /// The table.
        table: String,
        /// What differs.
        difference: &'static str,
    },
    /// The table is a global one.
    #[error(
        "the table `{0}` has replicas in other regions: there a condition is judged by what has arrived, so that a token could be used twice. Use a table without replicas"
    )]
    GlobalTable(String),
    /// The table belongs to no store yet.
    #[error("the table `{0}` was made, but its store was not: run lunadefend store create again")]
    Unfinished(String),
    /// There is no such bucket.
    #[error(
        "S3 has no bucket `{bucket}` that these credentials may list: check its name and s3:ListBucket, or make it with lunadefend store create"
    )]
    NoBucket {
        /// The bucket.
        bucket: String,
    },
    /// The bucket is elsewhere.
    #[error(
        "the bucket `{bucket}` is not in {region}: the store needs table and bucket in one region"
    )]
    OtherRegion {
        /// The bucket.
        bucket: String,
        /// The region of the store.
        region: String,
    },
    /// The bucket may be public.
    #[error(
        "the bucket `{0}` does not block all public access: turn on the four settings of Block Public Access"
    )]
    Public(String),
    /// The bucket keeps old versions.
    #[error(
        "the bucket `{0}` has versioning: a deleted value would stay as an old version. Suspend versioning, and delete the old versions"
    )]
    Versioned(String),
    /// The bucket's name belongs to somebody else.
    #[error("the name `{0}` of the bucket is taken by somebody else: choose another one")]
    TakenBucket(String),
    /// The table was not ready in time.
    #[error(
        "the table `{0}` is not ready after two minutes: look at it in AWS, then run the command again"
    )]
    Slow(String),
    /// No random number could be made.
    #[error("the system gives no random numbers")]
    Random,
}

/// What a service, or the connection to it, said: one line.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct Said(pub(crate) String);

/// Prints it as `Display`, with the causes: a `main` that returns it prints that.
impl fmt::Debug for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        lunadefend_core::provider::fmt_with_causes(self, f)
    }
}
