#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod builder;
mod connect;
mod content;
mod failure;
mod provider;
mod secret_id;

pub use builder::AwsSecretBuilder;
pub use lunadefend_aws::{Credentials, ProvideCredentials, SdkConfig};
pub use provider::AwsSecret;
