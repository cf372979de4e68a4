#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod entry;
mod environment;
#[cfg(feature = "toml")]
mod file;
mod read;
mod render;
mod secret;
mod setting;
mod spelling;
pub mod table;
mod text;

pub use environment::{Environment, FixedEnvironment};
pub use read::{InForce, Settings};
pub use render::{help, markdown, secrets_markdown};
pub use secret::SecretSettings;
pub use setting::{Kind, SecretSetting, Setting, Side};
pub use spelling::closest;
pub use text::{bare, bare_secret};
