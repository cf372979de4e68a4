#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod assertions;
mod backend;
#[cfg(feature = "browser")]
pub mod browser;
mod call;
mod clock;
#[cfg(feature = "http")]
#[doc(hidden)]
pub mod http;
#[cfg(feature = "keys")]
mod keys;
#[doc(hidden)]
pub mod logs;
#[cfg(feature = "tokenizer")]
pub mod tokenizer;
mod values;

pub use assertions::assert_error;
pub use backend::TestBackend;
pub use call::Call;
pub use clock::TestClock;
#[cfg(feature = "keys")]
pub use keys::TestKey;
pub use values::{session, token, unique_token};
