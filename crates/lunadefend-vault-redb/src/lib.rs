#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod apply;
mod blobs;
mod commit;
mod database;
mod early_sync;
mod embedded;
mod error;
mod file;
mod guarded;
mod job;
mod key_file;
mod layout;
mod open;
mod options;
mod room;
mod rows;
mod snapshot;
mod upkeep;
mod writer;

#[cfg(test)]
mod tests;

pub use embedded::EmbeddedStore;
pub use error::OpenError;
pub use key_file::{MasterKeyFile, master_key_for};
pub use open::{Opened, open_embedded, open_embedded_with};
pub use options::EmbeddedOptions;
pub use upkeep::compact;
