//! Opening and making the file.

use crate::{
    EmbeddedOptions, OpenError,
    early_sync::EarlySync,
    guarded::{failure, guarded},
    layout::{EXPIRY, FORMAT, META, PARTS, ROWS, STEPS, Step},
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
};

/// Opens the database of a file.
type Create = dyn Fn(&Builder, File) -> Result<Database, DatabaseError> + Send + Sync;

/// The place of a store, to reopen it.
pub(crate) struct Source {
    path: PathBuf,
    options: EmbeddedOptions,
    create: Box<Create>,
}

impl Source {
    /// `wrap` is a layer between redb and the file, which fails in tests.
    pub(crate) fn new<B: StorageBackend>(
        path: &Path,
        options: &EmbeddedOptions,
        wrap: impl Fn(FileBackend) -> B + Send + Sync + 'static,
    ) -> Self {
        Self {
            path: path.to_owned(),
            options: options.clone(),
            create: Box::new(move |builder, file| {
                let file = wrap(FileBackend::new(file)?);
                builder.create_with_backend(EarlySync::new(file))
            }),
        }
    }

    /// Opens the file, or makes it.
    pub(crate) fn open(&self) -> Result<Database, OpenError> {
        let file = self.file(true)?;
        let is_new = self.is_empty(&file)?;
        let database = self.database(file, self.options.check_on_open && !is_new)?;
        if !self.is_ours(&database)? {
            initialise(&database)?;
            sync_directory(&self.path).map_err(|error| self.io_failed(error))?;
        }
        Ok(database)
    }

    /// Opens the existing file, without reading all of it: after a crash redb reads what it needs. An empty
    /// file does not become a store: its content was lost.
    pub(crate) fn reopen(&self) -> Result<Database, OpenError> {
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

    fn file(&self, create: bool) -> Result<File, OpenError> {
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

    fn is_empty(&self, file: &File) -> Result<bool, OpenError> {
        let metadata = file.metadata().map_err(|error| self.io_failed(error))?;
        Ok(metadata.len() == 0)
    }

    fn database(&self, file: File, check: bool) -> Result<Database, OpenError> {
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
            Err(_) => Err(StoreError::Corrupt(None).into()),
        }
    }

    /// Returns whether it is a store of our format; `false` for an empty database.
    fn is_ours(&self, database: &Database) -> Result<bool, OpenError> {
        match format_of(database)? {
            Format::None => Ok(false),
            Format::Ours(found @ 1..=FORMAT) => {
                upgrade(database, found, &STEPS)?;
                Ok(true)
            }
            Format::Foreign | Format::Ours(0) => Err(self.not_a_store()),
            Format::Ours(found) => Err(OpenError::TooNew {
                path: self.path.clone(),
                found,
                known: FORMAT,
            }),
        }
    }

    fn refusal(&self, error: DatabaseError) -> OpenError {
        match error {
            DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => {
                let path = self.path.clone();
                OpenError::InUse { path }
            }
            // An older format of redb than any that this crate ever wrote.
            DatabaseError::UpgradeRequired(_) => self.not_a_store(),
            DatabaseError::Storage(StorageError::Io(cause))
                if cause.kind() == io::ErrorKind::InvalidData =>
            {
                self.not_a_store()
            }
            DatabaseError::Storage(StorageError::Io(cause)) => self.io_failed(cause),
            error => failure(error.into()).into(),
        }
    }

    fn io_failed(&self, source: io::Error) -> OpenError {
        OpenError::File {
            path: self.path.clone(),
            source,
        }
    }

    fn not_a_store(&self) -> OpenError {
        OpenError::NotAStore {
            path: self.path.clone(),
        }
    }
}

pub(crate) fn in_memory() -> Result<Database, StoreError> {
    let database = Builder::new()
        .set_cache_size(16 * 1024 * 1024)
        .create_with_backend(InMemoryBackend::new())
        .map_err(|error| failure(error.into()))?;
    initialise(&database)?;
    Ok(database)
}

enum Format {
    /// An empty database.
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

/// Makes all tables at once, so that a reader never misses one.
fn initialise(database: &Database) -> Result<(), StoreError> {
    guarded(|| {
        let write = database.begin_write()?;
        write.open_table(ROWS)?;
        write.open_table(EXPIRY)?;
        write.open_table(PARTS)?;
        write.open_table(META)?.insert("format", FORMAT)?;
        write.commit()?;
        Ok(())
    })
}

/// Upgrades a store of an older format to the newest, step by step. Each step is a transaction, so that an
/// interrupted upgrade continues.
///
/// `steps` lead from each format to the next, beginning with format 1.
pub(crate) fn upgrade(database: &Database, found: u32, steps: &[Step]) -> Result<(), StoreError> {
    let done = usize::try_from(found.saturating_sub(1)).unwrap_or(usize::MAX);
    for (step, to) in steps.iter().skip(done).zip(found.saturating_add(1)..) {
        guarded(|| {
            let write = database.begin_write()?;
            step(&write)?;
            write.open_table(META)?.insert("format", to)?;
            write.commit()?;
            Ok(())
        })?;
        tracing::info!(format = to, "the file of the store was upgraded");
    }
    Ok(())
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
