#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod cache;
mod chain;
mod environment;
mod file;
mod function;
mod inline;
mod misspelled;
mod providers;
mod refresh;
mod settings;
mod staged;

pub use cache::{SecretCache, SecretExpired};
pub use chain::SecretChain;
pub use environment::{
    Environment, EnvironmentSecret, FixedEnvironment, NotUtf8, ProcessEnvironment,
};
pub use file::FileSecret;
pub use function::SecretFn;
pub use inline::InlineSecret;
pub use misspelled::refuse_misspelled;
pub use providers::SecretProviders;
pub use refresh::{RefreshPolicy, RefreshPolicyError};
pub use settings::{SecretSettings, SettingError, SettingValue, closest};
pub use staged::StagedSecret;
