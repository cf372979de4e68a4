//! Opening the embedded store together with its master key.

use crate::{
    store::{EmbeddedOptions, EmbeddedStore, StoreError},
    vault::{MasterKey, MasterKeyError, MasterKeyFile, Vault, VaultError, master_key_for},
};
use lunadefend_core::Clock;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// What [`open_embedded`] opened.
#[derive(Debug)]
#[non_exhaustive]
pub struct Opened {
    /// The vault on the store.
    pub vault: Vault,
    /// The master key file, when it was made just now: tell whoever runs the tokenizer to back it up.
    pub new_key_file: Option<PathBuf>,
}

/// Why an embedded store cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The file itself.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The master key.
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    /// What is in the store, such as a key ring that another master key sealed.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// Opens the embedded store at `path`, or makes it.
///
/// Without a configured master key the one in `<path>.key` is used; it is made together with a new
/// store.
///
/// # Errors
/// [`OpenError`]: among others for a store whose key is missing or wrong.
pub async fn open_embedded(
    path: &Path,
    master_key: Option<MasterKey>,
    clock: Arc<dyn Clock>,
) -> Result<Opened, OpenError> {
    open_embedded_with(path, &EmbeddedOptions::default(), master_key, clock).await
}

/// Opens a store as [`open_embedded`] does, with options.
///
/// # Errors
/// As for [`open_embedded`].
pub async fn open_embedded_with(
    path: &Path,
    options: &EmbeddedOptions,
    master_key: Option<MasterKey>,
    clock: Arc<dyn Clock>,
) -> Result<Opened, OpenError> {
    let (master_key, made) = match master_key {
        Some(key) => (key, false),
        None => master_key_for(path)?,
    };
    let store = EmbeddedStore::open(path, options)?;
    let vault = Vault::open(Arc::new(store), &master_key, clock).await?;
    let new_key_file = made.then(|| MasterKeyFile::for_store(path).path().to_owned());
    Ok(Opened {
        vault,
        new_key_file,
    })
}
