//! A backup: the content of a store at one moment, in one file, sealed as it is.
//!
//! # The form of the file
//! It begins with one line. Then come blocks: a byte for the kind, the length of the content (4 bytes, big endian), a
//! SHA-256, and the content. The SHA-256 covers the one of the block before (of the first block: that of the first
//! line), kind, length and content. So no block can be changed, left out or moved. The last block is the
//! [`Manifest`], and after it nothing follows: a file that was cut off has none.
//!
//! Blocks of rows have the code of one table, then rows; those of parts have parts. Tables come in the order of their
//! codes, rows and parts in that of their keys, so that the file can be read as a store.

mod block;
mod file;
mod manifest;
mod store;
mod stream;

pub use file::{BackupError, BackupFile};
pub use manifest::Manifest;
pub use stream::Backup;
