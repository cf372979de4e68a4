#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod builder;
mod connect;
mod content;
mod failure;
mod guard;
mod provider;
mod secret_id;

pub use aws_config::SdkConfig;
pub use aws_credential_types::{Credentials, provider::ProvideCredentials};
pub use builder::AwsSecretBuilder;
pub use provider::AwsSecret;
