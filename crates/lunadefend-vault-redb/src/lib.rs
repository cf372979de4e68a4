#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod embedded;
mod key_file;
mod open;

pub use embedded::{EmbeddedOptions, EmbeddedStore};
pub use key_file::{MasterKeyFile, master_key_for};
pub use open::{OpenError, Opened, open_embedded, open_embedded_with};
