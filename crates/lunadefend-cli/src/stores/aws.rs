//! The store on DynamoDB and S3, in builds that have it.

use anyhow::Result;
use lunadefend_settings::{Settings, table};
use lunadefend_vault::store::Store;
use std::sync::Arc;

#[cfg(feature = "aws-store")]
mod present {
    use super::*;
    use lunadefend_core::provider::SettingError;
    use lunadefend_settings::Setting;
    use lunadefend_vault_aws::{AccessError, AwsOptions, AwsStore, OpenError, OptionsError};

    /// Which table and bucket.
    #[derive(Debug)]
    pub(crate) struct Aws(AwsOptions);

    impl Aws {
        /// Reads the settings; `None` without a table and a bucket.
        pub(crate) fn read(settings: &Settings) -> Result<Option<Self>> {
            let [name, bucket] = [&table::AWS_TABLE, &table::AWS_BUCKET];
            let (name, bucket) = match (settings.text(name)?, settings.text(bucket)?) {
                (None, None) => return Ok(None),
                (Some(name), Some(bucket)) => (name, bucket),
                (None, Some(_)) => return Err(missing(settings, &table::AWS_TABLE).into()),
                (Some(_), None) => return Err(missing(settings, &table::AWS_BUCKET).into()),
            };
            let wrong = |setting, error: OptionsError| settings.wrong(setting, error.to_string());
            let mut options = AwsOptions::new(name, bucket).map_err(|error| {
                let setting = match error {
                    OptionsError::Bucket => &table::AWS_BUCKET,
                    _ => &table::AWS_TABLE,
                };
                wrong(setting, error)
            })?;
            if settings.flag(&table::ALLOW_CLEARTEXT)? {
                options = options.allow_cleartext();
            }
            if let Some(region) = settings.text(&table::AWS_REGION)? {
                let set = options.region(region);
                options = set.map_err(|error| wrong(&table::AWS_REGION, error))?;
            }
            if let Some(url) = settings.text(&table::DYNAMODB_ENDPOINT)? {
                let set = options.dynamodb_endpoint(url);
                options = set.map_err(|error| wrong(&table::DYNAMODB_ENDPOINT, error))?;
            }
            if let Some(url) = settings.text(&table::S3_ENDPOINT)? {
                let set = options.s3_endpoint(url);
                options = set.map_err(|error| wrong(&table::S3_ENDPOINT, error))?;
            }
            Ok(Some(Self(options)))
        }

        pub(crate) async fn open(
            aws: Option<&Self>,
            settings: &Settings,
        ) -> Result<Arc<dyn Store>> {
            let opened = AwsStore::open(there(aws, settings)?).await;
            Ok(Arc::new(opened.map_err(|error| said(settings, error))?))
        }

        pub(crate) async fn create(aws: Option<&Self>, settings: &Settings) -> Result<()> {
            let created = AwsStore::create(there(aws, settings)?).await;
            created.map_err(|error| said(settings, error))
        }
    }

    fn there<'a>(
        aws: Option<&'a Aws>,
        settings: &Settings,
    ) -> Result<&'a AwsOptions, SettingError> {
        aws.map(|aws| &aws.0)
            .ok_or_else(|| missing(settings, &table::AWS_TABLE))
    }

    /// The library does not know what its settings are called here.
    fn said(settings: &Settings, error: OpenError) -> anyhow::Error {
        match error {
            OpenError::Access(AccessError::NoRegion) => settings
                .missing(
                    &table::AWS_REGION,
                    "nor is there an AWS_REGION or a profile that has one: set it to the region of the table and the bucket, such as eu-central-1",
                )
                .into(),
            error => error.into(),
        }
    }

    fn missing(settings: &Settings, setting: &'static Setting) -> SettingError {
        settings.missing(
            setting,
            "the store on AWS has a table of DynamoDB and a bucket of S3: name both, then make them with lunadefend store create",
        )
    }
}

#[cfg(not(feature = "aws-store"))]
mod missing {
    use super::*;
    use anyhow::bail;

    /// Never: this build has no store on AWS.
    #[derive(Debug)]
    pub(crate) enum Aws {}

    const ADVICE: &str = "this build has no store on AWS: install one that has, with cargo install lunadefend-cli --features aws-store";

    impl Aws {
        pub(crate) fn read(settings: &Settings) -> Result<Option<Self>> {
            for setting in [&table::AWS_TABLE, &table::AWS_BUCKET] {
                if settings.text(setting)?.is_some() {
                    return Err(settings.wrong(setting, ADVICE).into());
                }
            }
            Ok(None)
        }

        pub(crate) async fn open(_: Option<&Self>, _: &Settings) -> Result<Arc<dyn Store>> {
            bail!("{ADVICE}")
        }

        pub(crate) async fn create(_: Option<&Self>, _: &Settings) -> Result<()> {
            bail!("{ADVICE}")
        }
    }
}

#[cfg(not(feature = "aws-store"))]
pub(crate) use missing::Aws;
#[cfg(feature = "aws-store")]
pub(crate) use present::Aws;
