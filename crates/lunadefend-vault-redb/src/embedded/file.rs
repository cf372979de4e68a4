//! Opening and making the file.

use super::{
    EmbeddedOptions,
    database::{failure, guarded},
    layout::{CHUNKS, EXPIRY, FORMAT, META, ROWS},
};
use lunadefend_vault::store::StoreError;
use redb::{
    Builder, Database, DatabaseError, ReadableDatabase, StorageBackend, StorageError,
    backends::{FileBackend, InMemoryBackend},
};
use std::{
    fs::{File, OpenOptions},
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::Arc,
};

/// Opens the database of a file; it says of which.
type Create = dyn Fn(&Builder, File) -> Result<Database, DatabaseError> + Send + Sync;

/// Where a store is, to open it again.
pub(super) struct Source {
    path: PathBuf,
    options: EmbeddedOptions,
    create: Box<Create>,
}

impl Source {
    /// `wrap` stands between redb and the file; in tests it fails.
    pub(super) fn new<B: StorageBackend>(
        path: &Path,
        options: &EmbeddedOptions,
        wrap: impl Fn(FileBackend) -> B + Send + Sync + 'static,
    ) -> Self {
        Self {
            path: path.to_owned(),
            options: options.clone(),
            create: Box::new(move |builder, file| {
                builder.create_with_backend(wrap(FileBackend::new(file)?))
            }),
        }
    }

    /// Opens the file, or makes it.
    pub(super) fn open(&self) -> Result<Database, StoreError> {
        let file = self.file(true)?;
        let is_new = self.is_empty(&file)?;
        let database = self.database(file, self.options.check_on_open && !is_new)?;
        if !self.is_ours(&database)? {
            initialise(&database)?;
            sync_directory(&self.path).map_err(|error| self.io_failed(error))?;
        }
        Ok(database)
    }

    /// Opens the file that is there, without reading all of it: after a crash redb looks at what it
    /// needs to. An empty one is not made into a store: what was in it is missed.
    pub(super) fn reopen(&self) -> Result<Database, StoreError> {
        let file = self.file(false)?;
        if self.is_empty(&file)? {
            return Err(self.not_a_store());
        }
        let database = self.database(file, false)?;
        if self.is_ours(&database)? {
            Ok(database)
        } else {
            Err(self.not_a_store())
        }
    }

    fn file(&self, create: bool) -> Result<File, StoreError> {
        let mut options = OpenOptions::new();
        options
            .read(true)
            .write(true)
            .create(create)
            .truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options
            .open(&self.path)
            .map_err(|error| self.io_failed(error))
    }

    fn is_empty(&self, file: &File) -> Result<bool, StoreError> {
        let metadata = file.metadata().map_err(|error| self.io_failed(error))?;
        Ok(metadata.len() == 0)
    }

    fn database(&self, file: File, check: bool) -> Result<Database, StoreError> {
        let opened = catch_unwind(AssertUnwindSafe(|| {
            let mut builder = Builder::new();
            builder
                .set_cache_size(self.options.cache_size)
                .set_check_integrity_on_open(check);
            (self.create)(&builder, file)
        }));
        match opened {
            Ok(Ok(database)) => Ok(database),
            Ok(Err(error)) => Err(self.refusal(error)),
            Err(_) => Err(StoreError::Corrupt(None)),
        }
    }

    /// Whether it is a store of a format that we read; `false` for one with nothing in it yet.
    fn is_ours(&self, database: &Database) -> Result<bool, StoreError> {
        match format_of(database)? {
            Format::None => Ok(false),
            Format::Ours(FORMAT) => Ok(true),
            Format::Ours(found) => Err(StoreError::TooNew {
                path: self.path.clone(),
                found,
                known: FORMAT,
            }),
            Format::Foreign => Err(self.not_a_store()),
        }
    }

    fn refusal(&self, error: DatabaseError) -> StoreError {
        match error {
            DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => {
                let path = self.path.clone();
                StoreError::InUse { path }
            }
            // An older format of redb than any that this crate ever wrote.
            DatabaseError::UpgradeRequired(_) => self.not_a_store(),
            DatabaseError::Storage(StorageError::Io(cause))
                if cause.kind() == io::ErrorKind::InvalidData =>
            {
                self.not_a_store()
            }
            DatabaseError::Storage(StorageError::Io(cause)) => self.io_failed(cause),
            error => failure(error.into()),
        }
    }

    fn io_failed(&self, source: io::Error) -> StoreError {
        StoreError::Open {
            path: self.path.clone(),
            source: Arc::new(source),
        }
    }

    fn not_a_store(&self) -> StoreError {
        StoreError::NotAStore {
            path: self.path.clone(),
        }
    }
}

pub(super) fn in_memory() -> Result<Database, StoreError> {
    let database = Builder::new()
        .set_cache_size(16 * 1024 * 1024)
        .create_with_backend(InMemoryBackend::new())
        .map_err(|error| failure(error.into()))?;
    initialise(&database)?;
    Ok(database)
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
