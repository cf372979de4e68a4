//! The file of one process, which is only appended to.

use crate::{
    destination::Destination,
    error::AuditError,
    tail::{LOOKED_AT, Tail},
};
use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

/// How many digits the number of a full file has: a shell's `*` then names them in order.
const DIGITS: usize = 6;

/// A file of lines. When it is full, it is renamed to `<path>.000001` and so on, and a new one begins.
///
/// # Security
/// A new file has mode 0600. A lock keeps out a second process.
#[derive(Debug)]
pub struct AuditFile {
    path: PathBuf,
    file: File,
    length: u64,
    full_at: u64,
}

impl AuditFile {
    /// Opens a file, made if it is missing, and reads how it ends. It is full at `full_at` bytes, between lines.
    ///
    /// # Errors
    /// An [`AuditError`] that names the file: when it cannot be written, another process writes it, or it has something
    /// else in it.
    pub fn open(path: &Path, full_at: u64) -> Result<(Self, Tail), AuditError> {
        let at = |source| AuditError::File {
            path: path.to_owned(),
            source,
        };
        // Opening a pipe would wait for its reader.
        if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
            return Err(AuditError::NotAFile {
                path: path.to_owned(),
            });
        }
        let mut file = options().create(true).open(path).map_err(at)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(AuditError::InUse {
                    path: path.to_owned(),
                });
            }
            Err(TryLockError::Error(source)) => return Err(at(source)),
        }
        sync_folder(path).map_err(at)?;
        let length = file.metadata().map_err(at)?.len();
        let end = end_of(&mut file, length).map_err(at)?;
        let tail = Tail::read(&end, end.len() as u64 == length);
        let tail = tail.ok_or_else(|| AuditError::Other {
            path: path.to_owned(),
        })?;
        let opened = Self {
            path: path.to_owned(),
            file,
            length,
            full_at,
        };
        Ok((opened, tail))
    }

    /// Renames the full file and begins a new one, which is locked before anybody could find it there.
    fn begin_next(&mut self) -> io::Result<()> {
        let full = self.numbered(self.next_number()?);
        fs::rename(&self.path, &full)?;
        let begun = options().create_new(true).open(&self.path).and_then(|new| {
            new.try_lock()?;
            sync_folder(&self.path)?;
            Ok(new)
        });
        match begun {
            Ok(new) => {
                self.file = new;
                self.length = 0;
                Ok(())
            }
            Err(error) => {
                // So that the file goes on under its own name.
                fs::rename(&full, &self.path)?;
                Err(error)
            }
        }
    }

    fn next_number(&self) -> io::Result<u64> {
        let prefix = name(&self.path);
        let prefix = prefix.to_string_lossy();
        let mut last = 0;
        for entry in fs::read_dir(folder(&self.path))? {
            let found = entry?.file_name();
            let found = found.to_string_lossy();
            let digits = found
                .strip_prefix(&*prefix)
                .and_then(|rest| rest.strip_prefix('.'));
            last = last.max(digits.and_then(|digits| digits.parse().ok()).unwrap_or(0));
        }
        Ok(last + 1)
    }

    fn numbered(&self, number: u64) -> PathBuf {
        let mut numbered = name(&self.path);
        numbered.push(format!(".{number:0DIGITS$}"));
        self.path.with_file_name(numbered)
    }
}

impl Destination for AuditFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.file.write(bytes)?;
        self.length += taken as u64;
        Ok(taken)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn rotate(&mut self) -> io::Result<bool> {
        if self.length < self.full_at {
            return Ok(false);
        }
        self.begin_next().map(|()| true)
    }
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options
}

/// Reads the last bytes of a file.
fn end_of(file: &mut File, length: u64) -> io::Result<Vec<u8>> {
    let looked_at = length.min(LOOKED_AT as u64);
    file.seek(SeekFrom::Start(length - looked_at))?;
    let mut end = Vec::new();
    file.take(looked_at).read_to_end(&mut end)?;
    Ok(end)
}

fn name(path: &Path) -> OsString {
    path.file_name().unwrap_or_default().to_owned()
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// Makes the names of a folder durable.
#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(folder(path))?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}
