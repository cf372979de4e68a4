#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod access;
mod endpoint;
mod guard;
mod texts;

pub use access::{Access, AccessError, Opened};
pub use aws_config::{Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
pub use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, SharedCredentialsProvider, error::CredentialsError},
};
pub use endpoint::{EndpointError, check_endpoint, is_region};
pub use guard::{Guard, Refused};
pub use texts::{causes, chain, find, printable};
