//! Opening the embedded store together with its master key.

use crate::{
    store::{EmbeddedOptions, EmbeddedStore, StoreError},
    vault::{MasterKey, MasterKeyError, MasterKeyFile, Vault, VaultError, master_key_for},
};
use lunadefend_core::Clock;
use std::{
    fmt,
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
#[derive(thiserror::Error)]
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

/// What a `main` that returns it prints: as `Display`, and the causes.
impl fmt::Debug for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        lunadefend_core::fmt_with_causes(self, f)
    }
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
    let (master_key, made) = match master_key {
        Some(key) => (key, false),
        None => master_key_for(path)?,
    };
    let store = EmbeddedStore::open(path, &EmbeddedOptions::default())?;
    let vault = Vault::open(Arc::new(store), &master_key, clock).await?;
    let new_key_file = made.then(|| MasterKeyFile::for_store(path).path().to_owned());
    Ok(Opened {
        vault,
        new_key_file,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::error::Error;

    #[tokio::test]
    async fn a_main_that_returns_the_error_prints_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("missing").join("tokenizer.redb");
        let clock = Arc::new(lunadefend_jwt::SystemClock);
        let error = open_embedded(&path, None, clock).await.err().unwrap();
        let cause = error.source().unwrap();
        assert_eq!(format!("{error:?}"), format!("{error}: {cause}"));
        assert!(cause.source().is_none());
    }
}
