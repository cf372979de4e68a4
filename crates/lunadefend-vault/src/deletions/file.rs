//! The file of the list, and the thread that makes its lines durable.

use crate::VaultError;
use std::{
    fmt,
    fs::{File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    thread::Builder,
};
use tokio::sync::oneshot;

/// How many bytes it looks at from the end, for the end of the last whole line.
const TAIL: u64 = 2 * super::MAX_LINE;

/// Why the list of deletions cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeletionListError {
    /// The file cannot be opened, made or locked.
    #[error(
        "cannot open the list of deletions {path}: its folder must be there, and this process may write into it"
    )]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// Another process writes to it.
    #[error("another process writes the list of deletions {path}: give each process its own file")]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// It is something else.
    #[error("{path} is not a list of deletions: name another file")]
    NotAList {
        /// The file.
        path: PathBuf,
    },
}

type Answer = oneshot::Sender<Result<(), Arc<io::Error>>>;

/// The list of the deletions of a store, one line for each, in a file outside the store. Cheap to clone.
///
/// A backup brings back what was deleted after it. A restore deletes again what the list names; it takes the lists of all
/// processes of the store. A line holds no token: times, and keys of rows, which are keyed hashes.
///
/// ```
/// use lunadefend_vault::DeletionList;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = std::env::temp_dir().join(format!("lunadefend-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// let list = DeletionList::open(&folder.join("deletions"))?;
/// // vault.with_deletions(list)
/// # drop(list);
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct DeletionList(mpsc::Sender<(String, Answer)>);

impl DeletionList {
    /// Opens the file, or makes it, readable by its owner only. Of a last line that a crash cut off the beginning is
    /// removed: its deletion was never acknowledged.
    ///
    /// # Errors
    /// [`DeletionListError`].
    pub fn open(path: &Path) -> Result<Self, DeletionListError> {
        let failed = |source| DeletionListError::File {
            path: path.to_owned(),
            source,
        };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => {
                let path = path.to_owned();
                return Err(DeletionListError::InUse { path });
            }
            Err(std::fs::TryLockError::Error(error)) => return Err(failed(error)),
        }
        let end = end_of_lines(&mut file).map_err(failed)?;
        let end = end.ok_or_else(|| DeletionListError::NotAList {
            path: path.to_owned(),
        })?;
        file.set_len(end)
            .and_then(|()| file.sync_all())
            .and_then(|()| sync_folder(path))
            .map_err(failed)?;
        Self::start(file, end).map_err(failed)
    }

    pub(crate) fn start(file: File, end: u64) -> io::Result<Self> {
        let (lines, waiting) = mpsc::channel();
        let writer = Writer { file, end };
        Builder::new()
            .name("lunadefend-deletions".to_owned())
            .spawn(move || writer.run(&waiting))?;
        Ok(Self(lines))
    }

    /// Adds lines. They are durable when this returns.
    pub(crate) async fn append(&self, lines: String) -> Result<(), VaultError> {
        let (answer, written) = oneshot::channel();
        let ended = || {
            let ended = io::Error::other("the thread of the list has ended");
            VaultError::NotListed(Arc::new(ended))
        };
        self.0.send((lines, answer)).map_err(|_| ended())?;
        let written = written.await.map_err(|_| ended())?;
        written.map_err(VaultError::NotListed)
    }
}

impl fmt::Debug for DeletionList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeletionList")
    }
}

/// Returns where the last whole line ends; `None` when the file has no such lines.
fn end_of_lines(file: &mut File) -> io::Result<Option<u64>> {
    let length = file.metadata()?.len();
    let start = length.saturating_sub(TAIL);
    file.seek(SeekFrom::Start(start))?;
    let mut tail = Vec::new();
    file.take(TAIL).read_to_end(&mut tail)?;
    let whole = tail.iter().rposition(|byte| *byte == b'\n');
    let beginning = super::FORM.as_bytes();
    Ok(match whole {
        Some(at) => Some(start + at as u64 + 1),
        // A first line that was cut off.
        None if length < super::MAX_LINE && tail.starts_with(&beginning[..tail.len().min(1)]) => {
            Some(0)
        }
        None => None,
    })
}

struct Writer {
    file: File,
    /// Where the next line begins: what is behind it was not acknowledged.
    end: u64,
}

impl Writer {
    fn run(mut self, waiting: &mpsc::Receiver<(String, Answer)>) {
        while let Ok((mut lines, first)) = waiting.recv() {
            let mut answers = vec![first];
            // All that wait share one fsync.
            while let Ok((more, answer)) = waiting.try_recv() {
                lines.push_str(&more);
                answers.push(answer);
            }
            let written = self.write(&lines).map_err(Arc::new);
            for answer in answers {
                // A receiver that is gone has lost interest; its line stands.
                let _ = answer.send(written.clone());
            }
        }
    }

    fn write(&mut self, lines: &str) -> io::Result<()> {
        // A write that failed may have left something; and somebody may have cut older lines off.
        self.end = self.end.min(self.file.metadata()?.len());
        self.file.set_len(self.end)?;
        self.file.seek(SeekFrom::Start(self.end))?;
        self.file.write_all(lines.as_bytes())?;
        self.file.sync_data()?;
        self.end += lines.len() as u64;
        Ok(())
    }
}

#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|path| !path.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}
