//! Opening and making the file.

use super::{
    EmbeddedOptions, failure, guarded,
    layout::{CHUNKS, EXPIRY, FORMAT, META, ROWS},
};
use crate::store::StoreError;
use redb::{
    Builder, Database, DatabaseError, ReadableDatabase, StorageError,
    backends::{FileBackend, InMemoryBackend},
};
use std::{
    fs::{File, OpenOptions},
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::Arc,
};

pub(super) fn open(path: &Path, options: &EmbeddedOptions) -> Result<Database, StoreError> {
    let io_failed = |source: io::Error| StoreError::Open {
        path: path.to_owned(),
        source: Arc::new(source),
    };
    let file = open_file(path).map_err(io_failed)?;
    let is_new = file.metadata().map_err(io_failed)?.len() == 0;

    let opened = catch_unwind(AssertUnwindSafe(|| {
        let backend = FileBackend::new(file)?;
        Builder::new()
            .set_cache_size(options.cache_size)
            .set_check_integrity_on_open(options.check_on_open && !is_new)
            .create_with_backend(backend)
    }));
    let database = match opened {
        Ok(Ok(database)) => database,
        Ok(Err(error)) => return Err(refusal(path, error)),
        Err(_) => return Err(StoreError::Corrupt(None)),
    };
    match format_of(&database)? {
        Format::None => {
            initialise(&database)?;
            sync_directory(path).map_err(io_failed)?;
        }
        Format::Ours(FORMAT) => {}
        Format::Ours(found) => {
            return Err(StoreError::TooNew {
                path: path.to_owned(),
                found,
                known: FORMAT,
            });
        }
        Format::Foreign => {
            return Err(StoreError::NotAStore {
                path: path.to_owned(),
            });
        }
    }
    Ok(database)
}

pub(super) fn in_memory() -> Result<Database, StoreError> {
    let database = Builder::new()
        .set_cache_size(16 * 1024 * 1024)
        .create_with_backend(InMemoryBackend::new())
        .map_err(|error| failure(error.into()))?;
    initialise(&database)?;
    Ok(database)
}

fn open_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn refusal(path: &Path, error: DatabaseError) -> StoreError {
    let path = path.to_owned();
    match error {
        DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => {
            StoreError::InUse { path }
        }
        // An older format of redb than any that this crate ever wrote.
        DatabaseError::UpgradeRequired(_) => StoreError::NotAStore { path },
        DatabaseError::Storage(StorageError::Io(cause))
            if cause.kind() == io::ErrorKind::InvalidData =>
        {
            StoreError::NotAStore { path }
        }
        DatabaseError::Storage(StorageError::Io(cause)) => StoreError::Open {
            path,
            source: Arc::new(cause),
        },
        error => failure(error.into()),
    }
}

enum Format {
    /// Nothing in it yet.
    None,
    Ours(u32),
    /// Another program's database.
    Foreign,
}

fn format_of(database: &Database) -> Result<Format, StoreError> {
    guarded(|| {
        let read = database.begin_read()?;
        if read.list_tables()?.next().is_none() && read.list_multimap_tables()?.next().is_none() {
            return Ok(Format::None);
        }
        match read.open_table(META) {
            Ok(meta) => Ok(meta
                .get("format")?
                .map_or(Format::Foreign, |format| Format::Ours(format.value()))),
            Err(redb::TableError::Storage(error)) => Err(error.into()),
            Err(_) => Ok(Format::Foreign),
        }
    })
}

/// All tables at once, so that a reader never meets one that is not there.
fn initialise(database: &Database) -> Result<(), StoreError> {
    guarded(|| {
        let write = database.begin_write()?;
        write.open_table(ROWS)?;
        write.open_table(EXPIRY)?;
        write.open_table(CHUNKS)?;
        write.open_table(META)?.insert("format", FORMAT)?;
        write.commit()?;
        Ok(())
    })
}

/// Makes the name of a new file as durable as its content.
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        File::open(directory)?.sync_all()
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        Ok(())
    }
}
