#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
//!
//! How the tokenizer's data is protected: grants, tokens, values, URLs, states and browser sessions, on top
//! of a [`Store`](store::Store).
//!
//! # What is in the store
//! - The **key ring**, one row: a lookup key, a URL key and one wrapping key for each version, all
//!   random, sealed by the [`MasterKey`].
//! - **Row keys** are HMAC under the lookup key over length-prefixed purpose and identifiers. No
//!   token, session id, state, handle or URL is in the store.
//! - **Rows** with content are sealed: AES-256-GCM under a key that HKDF derives for this one row from the
//!   wrapping key and 16 random bytes that the row holds. The authenticated data is the length-prefixed
//!   format, purpose, row key, key version and expiry: a row that was moved or given a later expiry does not
//!   open. A grant's row has no content; a tag binds its expiry.
//! - **Small values**, up to 16 KiB, are sealed in their row.
//! - **Larger values**: a random 256-bit key for each upload attempt, chunks of 63 KiB sealed as a
//!   [STREAM](https://eprint.iacr.org/2015/189) with 7 random bytes, a counter and a last-chunk flag. The
//!   key, the number of chunks and the length are in the value's sealed row, which only the transaction that
//!   finishes the upload writes.
//! - **Metadata and masks** are sealed in the row of their token, under its own derived key, with the number of
//!   times that the grants of the token were revoked. A deleted token leaves such a row for as long as a grant could
//!   count.
//! - **Download URLs** hold the rows that they need, sealed: reading a value writes nothing.
//!
//! A sealed row counts what a session stores in a day; it changes in the transactions of its tokens and
//! values.
//!
//! Rows that only mark something as used or ended, and rows of blobs, hold nothing but the number of their
//! form. They reveal nothing and open nothing.
//!
//! All stored content begins with the number of its form; the vault reads the forms of earlier versions.
//!
//! ```
//! use lunadefend_core::{SessionId, wire::Metadata, provider::Clock};
//! use lunadefend_jwt::SystemClock;
//! use lunadefend_vault::{MasterKey, Vault, store::MemoryStore};
//! use std::{sync::Arc, time::Duration};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (master, _) = MasterKey::generate()?;
//! let store = Arc::new(MemoryStore::default());
//! let vault = Vault::open(store, &master, Arc::new(SystemClock)).await?;
//!
//! let session = SessionId::new("3f6c0f6e")?;
//! let soon = SystemClock.unix_millis() + Duration::from_secs(60);
//! let new = vault.create_token(Some(&Metadata::string()), Some((&session, soon))).await?;
//! let mut upload = vault.begin_upload(&new.upload, 1024 * 1024).await?;
//! upload.write("078-05-1120".into()).await?;
//! upload.commit().await?;
//!
//! let ticket = vault.issue_download(&session, &new.token, soon).await?.ok_or("no value")?;
//! let mut download = vault.open_download(&ticket).await?.ok_or("no grant")?;
//! assert_eq!(download.next_chunk().await?.as_deref(), Some(b"078-05-1120".as_slice()));
//! assert_eq!(download.next_chunk().await?, None);
//! # Ok(())
//! # }
//! ```

// The source of `MemoryStore` is shown as an example, where it names this crate.
extern crate self as lunadefend_vault;

mod backup;
mod begin_upload;
mod buffers;
mod check;
mod delete;
mod deletions;
mod describe;
mod download;
mod epochs;
mod error;
mod fields;
mod form;
mod grants;
mod ids;
mod janitor;
mod keys;
mod lease;
mod mask;
mod master;
mod purpose;
mod quota;
mod read;
mod restore;
mod rewrap;
mod ring;
mod row_map;
mod rows;
mod seal;
mod sessions;
mod states;
pub mod store;
mod stream;
mod sweep;
mod ticket;
mod timer;
mod tokens;
mod upload;
mod urls;
mod vault;

#[cfg(test)]
mod tests;

pub use backup::{Backup, BackupError, BackupFile, Manifest};
pub use check::{Checked, Finding, Problem, check};
pub use deletions::{DeletionList, DeletionListError};
pub use download::Download;
pub use error::{InvalidState, InvalidUrl, OverQuota, UploadError, VaultError};
pub use grants::{GrantWrite, HeldGrant, WrittenGrant};
pub use ids::UploadId;
pub use janitor::{Cleaned, Janitor};
pub use keys::{KeysError, WrappingKeyVersion};
pub use mask::{Mask, MaskPolicy};
pub use master::{MasterKey, MasterKeyError, MasterKeys};
pub use quota::Quota;
pub use read::Found;
pub use restore::{RestoreError, Restored, restore, restored};
pub use rewrap::{InvalidCursor, RewrapCursor, Rewrapped};
pub use sessions::{BrowserSession, SessionHandle, Transfer};
pub use states::{IssuedState, StateClaims, StateHolder};
pub use ticket::DownloadTicket;
pub use timer::{SystemTimer, Timer};
pub use tokens::{NewToken, Owner, Repeatable, Tokenization, TokenizeError, Tokenized};
pub use upload::Upload;
pub use urls::UploadUrl;
pub use vault::Vault;
