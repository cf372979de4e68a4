#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod cache;
mod chain;
mod environment;
mod file;
mod function;
mod inline;
mod providers;
mod refresh;
mod staged;

pub use cache::{SecretCache, SecretExpired};
pub use chain::SecretChain;
pub use environment::{EnvironmentSecret, ProcessEnvironment};
pub use file::FileSecret;
pub use function::SecretFn;
pub use inline::InlineSecret;
pub use providers::SecretProviders;
pub use refresh::RefreshPolicy;
pub use staged::StagedSecret;

pub use lunadefend_core::provider::SettingError;
pub use lunadefend_settings::{Environment, FixedEnvironment, SecretSettings};
