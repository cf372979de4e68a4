//! The key file of an embedded store that has no configured master key.

use crate::{OpenError, file::sync_directory};
use lunadefend_core::provider::SecretValue;
use lunadefend_crypto::{hex, random_bytes};
use lunadefend_vault::{MasterKey, MasterKeyError};
use secrecy::ExposeSecret;
use std::{
    fs::{self, File, Metadata, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// The longest key file; a longer file is not a key, and is not read further.
const MAX_LEN: u64 = 1024;

/// The file `<store>.key` beside a store: the master key as text, readable only by its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MasterKeyFile {
    path: PathBuf,
}

impl MasterKeyFile {
    /// Returns the key file of the store at that path.
    #[must_use]
    pub fn for_store(store: &Path) -> Self {
        let mut path = store.as_os_str().to_owned();
        path.push(".key");
        Self { path: path.into() }
    }

    /// Returns the path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the key; `None` when the file is missing.
    ///
    /// # Errors
    /// [`OpenError::KeyFileExposed`] when other users may read the file, [`OpenError::KeyFile`] when it
    /// cannot be read, and the errors of [`MasterKey::from_secret`]. If a group may read it, the log only has
    /// a warning: container platforms set that on the volumes that they mount.
    pub fn load(&self) -> Result<Option<MasterKey>, OpenError> {
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.failed(error)),
        };
        let metadata = file.metadata().map_err(|error| self.failed(error))?;
        if !metadata.is_file() {
            return Err(self.failed(io::ErrorKind::IsADirectory.into()));
        }
        self.check_mode(&metadata)?;
        let mut text = Zeroizing::new(Vec::with_capacity(MAX_LEN as usize + 1));
        file.take(MAX_LEN + 1)
            .read_to_end(&mut text)
            .map_err(|error| self.failed(error))?;
        let secret = SecretValue::new(std::mem::take(&mut *text));
        let key = MasterKey::from_secret(&secret, &format!("key file {}", self.path.display()))?;
        Ok(Some(key))
    }

    /// Makes a key and the file, which is complete and durable when this returns, or does not exist. It never
    /// overwrites an existing file.
    ///
    /// # Errors
    /// [`OpenError::KeyFile`], also when the file already exists; [`MasterKeyError::Random`].
    pub fn create(&self) -> Result<MasterKey, OpenError> {
        let (key, text) = MasterKey::generate()?;
        let suffix = hex(&random_bytes::<8>().map_err(MasterKeyError::Random)?);
        let mut temporary = self.path.as_os_str().to_owned();
        temporary.push(format!(".{suffix}"));
        let temporary = PathBuf::from(temporary);

        // A hard link, where a rename would replace what another process made meanwhile.
        let made = write_private(&temporary, text.expose_secret())
            .and_then(|()| fs::hard_link(&temporary, &self.path));
        let removed = fs::remove_file(&temporary);
        made.and(removed)
            .and_then(|()| sync_directory(&self.path))
            .map_err(|error| self.failed(error))?;
        Ok(key)
    }

    #[cfg(unix)]
    fn check_mode(&self, metadata: &Metadata) -> Result<(), OpenError> {
        use std::os::unix::fs::PermissionsExt;

        let mode = metadata.permissions().mode();
        if mode & 0o007 != 0 {
            return Err(OpenError::KeyFileExposed {
                path: self.path.clone(),
            });
        }
        if mode & 0o070 != 0 {
            tracing::warn!(
                path = %self.path.display(),
                "the group may read the key file of the store: run chmod 600 on it"
            );
        }
        Ok(())
    }

    #[cfg(not(unix))]
    #[expect(
        clippy::unnecessary_wraps,
        clippy::unused_self,
        reason = "the Unix twin needs both"
    )]
    const fn check_mode(&self, _: &Metadata) -> Result<(), OpenError> {
        Ok(())
    }

    fn failed(&self, source: io::Error) -> OpenError {
        OpenError::KeyFile {
            path: self.path.clone(),
            source,
        }
    }
}

/// Returns the master key of an embedded store without a configured one, and whether it is new.
///
/// Call it before [`EmbeddedStore::open`](crate::EmbeddedStore::open). While the store is missing (or an
/// empty file), it makes a missing key file, durable before the store. So a store never exists without its
/// key. Once the store exists, a missing key file is an error.
///
/// ```
/// use lunadefend_vault_redb::{MasterKeyFile, master_key_for};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let directory = tempfile::tempdir()?;
/// let store = directory.path().join("tokens");
/// let (_, created) = master_key_for(&store)?;
/// assert!(created);
/// let (_, created) = master_key_for(&store)?;
/// assert!(!created);
///
/// std::fs::write(&store, "a store")?;
/// std::fs::remove_file(MasterKeyFile::for_store(&store).path())?;
/// assert!(master_key_for(&store).is_err());
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`OpenError::KeyFileMissing`], and those of [`MasterKeyFile`].
pub fn master_key_for(store: &Path) -> Result<(MasterKey, bool), OpenError> {
    let file = MasterKeyFile::for_store(store);
    if let Some(key) = file.load()? {
        return Ok((key, false));
    }
    match fs::metadata(store) {
        Ok(metadata) if metadata.len() > 0 => Err(OpenError::KeyFileMissing { path: file.path }),
        Ok(_) => file.create().map(|key| (key, true)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            file.create().map(|key| (key, true))
        }
        Err(source) => Err(OpenError::KeyFile {
            path: store.to_owned(),
            source,
        }),
    }
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()
}

#[cfg(test)]
mod tests;
