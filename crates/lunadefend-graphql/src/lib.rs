#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod answers;
mod check;
mod directive;
mod error;
mod extension;
mod hooks;
mod inputs;
mod lint;
mod model;
mod nulls;
mod registry;
mod request;
mod resolver;
mod schema;

pub use check::{Problem, SchemaError};
pub use directive::Token;
pub use error::into_graphql;
pub use extension::TokenExtension;
pub use lint::{Finding, FindingKind, lint};
pub use resolver::{GrantIn, Granted, VerifyIn};
pub use schema::{build, check};
