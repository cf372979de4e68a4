#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod blobs;
mod error;
mod migrate;
mod options;
mod rows;
mod sql;
mod store;

pub use error::OpenError;
pub use options::{OptionsError, PostgresOptions};
pub use store::PostgresStore;
