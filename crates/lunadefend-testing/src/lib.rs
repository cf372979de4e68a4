#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod assertions;
mod backend;
mod call;
mod clock;
#[cfg(feature = "keys")]
mod keys;
mod values;

pub use assertions::assert_error;
pub use backend::TestBackend;
pub use call::Call;
pub use clock::TestClock;
#[cfg(feature = "keys")]
pub use keys::TestKey;
pub use values::{session, token, unique_token};
