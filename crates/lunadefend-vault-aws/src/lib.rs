#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod attempts;
mod blobs;
mod check;
mod create;
mod error;
mod item;
mod options;
mod purge;
mod rows;
mod store;
mod write;
mod writer;

pub use error::{OpenError, Said};
pub use lunadefend_aws::{AccessError, Credentials, ProvideCredentials, SdkConfig};
pub use options::{AwsOptions, OptionsError};
pub use store::AwsStore;
