#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod check;
mod directive;
mod error;
mod extension;
mod hooks;
mod inputs;
mod lint;
mod marked;
mod model;
mod nulls;
mod problem;
mod read_schema;
mod registry;
mod request;
mod resolver;
mod schema;

pub use directive::Token;
pub use error::into_graphql;
pub use extension::TokenExtension;
pub use lint::{Finding, FindingKind, lint};
pub use problem::{Problem, SchemaError};
pub use resolver::{GrantIn, Granted, VerifyIn, session_in};
pub use schema::{build, check};
