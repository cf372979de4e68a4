#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod chain;
mod environment;
mod file;
mod function;
mod inline;

pub use chain::SecretChain;
pub use environment::{
    Environment, EnvironmentSecret, FixedEnvironment, NotUtf8, ProcessEnvironment,
};
pub use file::FileSecret;
pub use function::SecretFn;
pub use inline::InlineSecret;
