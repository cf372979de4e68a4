//! Opening the embedded store together with its master key.

use crate::{EmbeddedOptions, EmbeddedStore, MasterKeyFile, OpenError, master_key_for};
use lunadefend_core::provider::Clock;
use lunadefend_vault::{MasterKey, MasterKeys, Vault};
use std::{
    fs::{self, File},
    io::{ErrorKind, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

/// The first bytes of every file of the embedded store.
const MAGIC: &[u8] = b"redb";

/// The result of [`open_embedded`].
#[derive(Debug)]
#[non_exhaustive]
pub struct Opened {
    /// The vault on the store.
    pub vault: Vault,
    /// The master key file, when it is new: tell the operator to back it up.
    pub new_key_file: Option<PathBuf>,
}

/// Opens the embedded store at `path`, or makes it.
///
/// Without a configured master key it uses the one in `<path>.key`, which it makes together with a new store.
/// It makes nothing when the path names the wrong kind of thing.
///
/// # Errors
/// [`OpenError`], among others for a store whose key is missing or wrong.
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
    check_path(path, master_key.is_none())?;
    let (master_key, made) = match master_key {
        Some(key) => (key, false),
        None => master_key_for(path)?,
    };
    let store = EmbeddedStore::open(path, options)?;
    let masters = MasterKeys::from(master_key).with_next(options.next_master_key.clone());
    let vault = Vault::open(Arc::new(store), masters, clock).await?;
    let new_key_file = made.then(|| MasterKeyFile::for_store(path).path().to_owned());
    Ok(Opened {
        vault,
        new_key_file,
    })
}

/// Checks the path, before anything is made beside it.
fn check_path(store: &Path, uses_key_file: bool) -> Result<(), OpenError> {
    let wrong = |path: &Path, problem| {
        Err(OpenError::Path {
            path: path.to_owned(),
            problem,
        })
    };
    match fs::metadata(store) {
        Ok(metadata) if metadata.is_dir() => {
            return wrong(
                store,
                "it is a folder: name the file of the store in it, such as tokenizer.redb",
            );
        }
        Ok(metadata) if !metadata.is_file() => {
            return wrong(store, "it is no regular file: name another one");
        }
        Ok(metadata) if metadata.len() > 0 && is_of_another_program(store) => {
            return wrong(
                store,
                "it is the file of another program, and not a store of the tokenizer: name another one, which is made when it is not there",
            );
        }
        // What cannot be looked at is told when it is opened.
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotADirectory => {
            return wrong(
                store,
                "what should be its folder is a file: name a path in a folder",
            );
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let folder = store
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty());
            if let Some(folder) = folder
                && !folder.is_dir()
            {
                return wrong(
                    folder,
                    "the folder of the store is not there: make it (mkdir -p), and let this process write into it",
                );
            }
        }
        Err(_) => {}
    }
    let key_file = MasterKeyFile::for_store(store);
    if uses_key_file && key_file.path().is_dir() {
        return wrong(
            key_file.path(),
            "it is a folder where the key file of the store should be: move it away, or put the key file in its place",
        );
    }
    Ok(())
}

/// Returns whether a file does not begin like a store. An unreadable file is left to the opening.
fn is_of_another_program(path: &Path) -> bool {
    let mut start = [0; MAGIC.len()];
    match File::open(path).and_then(|mut file| file.read_exact(&mut start)) {
        Ok(()) => start != MAGIC,
        Err(error) => error.kind() == ErrorKind::UnexpectedEof,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lunadefend_jwt::SystemClock;

    #[tokio::test]
    async fn a_path_of_the_wrong_kind_is_named_and_nothing_is_made() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("folder")).unwrap();
        fs::create_dir(at("keyed.redb.key")).unwrap();
        fs::write(at("notes.txt"), "a file of another program").unwrap();
        fs::write(at("x"), "x").unwrap();
        let count = || fs::read_dir(folder.path()).unwrap().count();
        let before = count();
        for (path, named, words) in [
            (
                at("folder"),
                at("folder"),
                "name the file of the store in it",
            ),
            (at("notes.txt"), at("notes.txt"), "of another program"),
            (at("x"), at("x"), "of another program"),
            (at("no/such/tokens.redb"), at("no/such"), "mkdir -p"),
            (at("x/tokens.redb"), at("x/tokens.redb"), "is a file"),
            (at("keyed.redb"), at("keyed.redb.key"), "move it away"),
            ("/dev/null".into(), "/dev/null".into(), "no regular file"),
        ] {
            let error = open_embedded(&path, None, Arc::new(SystemClock)).await;
            let text = error.unwrap_err().to_string();
            let expected = format!("cannot use {}: ", named.display());
            assert!(
                text.starts_with(&expected) && text.contains(words),
                "{text}"
            );
            assert_eq!(count(), before, "{text}");
        }
        // With a configured master key the key file is not used.
        let key = MasterKey::generate().unwrap().0;
        let opened = open_embedded(&at("keyed.redb"), Some(key), Arc::new(SystemClock)).await;
        assert!(opened.unwrap().new_key_file.is_none());
    }

    #[tokio::test]
    async fn a_main_that_returns_the_error_prints_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("missing").join("tokenizer.redb");
        let error = open_embedded(&path, None, Arc::new(SystemClock)).await;
        let error = error.err().unwrap();
        assert!(format!("{error:?}").contains("mkdir -p"));
        assert_eq!(format!("{error:?}"), error.to_string());
    }
}
