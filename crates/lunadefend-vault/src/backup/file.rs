//! A backup in a file: looked through as a whole, then read here and there.

use super::{
    Manifest,
    block::{self, Block, Digest, FIRST_LINE, HEAD, Kind},
    stream::tag,
};
use crate::{
    ring::Ring,
    store::{Bytes, PartKey, RowAddress, RowKey, StoreError},
};
use lunadefend_crypto::constant_time_eq;
use std::{
    fmt,
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

/// Why a file is not a backup that can be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The file cannot be read.
    #[error("cannot read the backup {path}")]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// It is something else.
    #[error("{path} is not a backup of a tokenizer")]
    NotABackup {
        /// The file.
        path: PathBuf,
    },
    /// A newer version made it.
    #[error("the backup {path} was made by a newer version: upgrade this one")]
    TooNew {
        /// The file.
        path: PathBuf,
    },
    /// It was cut off, or differs from what was written.
    #[error(
        "the backup {path} is damaged or was cut off, at byte {at}: use another copy, or another backup"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where the first block begins that cannot be read.
        at: u64,
    },
}

/// A backup whose every byte was read once and found to be as it was written.
///
/// It is a [`Store`](crate::store::Store) that can only be read.
pub struct BackupFile {
    manifest: Manifest,
    /// The SHA-256 of the last block before the manifest.
    digest: Digest,
    pub(super) index: Vec<Place>,
    reader: Mutex<Reader>,
}

/// A block in the file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) first: First,
    at: u64,
    length: u32,
    before: Digest,
    own: Digest,
}

/// The first key of a block. Rows come before parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum First {
    Row(RowAddress),
    Part(PartKey),
}

struct Reader {
    file: File,
    /// The block that was read last, with its number: most calls follow each other.
    last: Option<(usize, Arc<Block>)>,
}

impl BackupFile {
    /// Reads all of a file and compares all checksums. What is read later is compared again.
    ///
    /// # Errors
    /// [`BackupError`]. A backup that was not finished is [damaged](BackupError::Damaged).
    pub fn open(path: &Path) -> Result<Self, BackupError> {
        let failed = |source| BackupError::File {
            path: path.to_owned(),
            source,
        };
        let file = File::open(path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        let mut input = BufReader::with_capacity(1024 * 1024, file);
        let mut line = [0; FIRST_LINE.len()];
        let path = || path.to_owned();
        match input.read_exact(&mut line) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(BackupError::NotABackup { path: path() });
            }
            read => read.map_err(failed)?,
        }
        if line != FIRST_LINE {
            return Err(match line.starts_with(b"lunadefend backup ") {
                true => BackupError::TooNew { path: path() },
                false => BackupError::NotABackup { path: path() },
            });
        }
        let mut look = Look {
            at: FIRST_LINE.len() as u64,
            digest: block::first_digest(),
            index: Vec::new(),
            counted: Counted::default(),
        };
        let manifest = loop {
            let at = look.at;
            let damaged = || BackupError::Damaged { path: path(), at };
            match look.block(&mut input).map_err(failed)? {
                Some(Looked::Content) => {}
                Some(Looked::Manifest(manifest)) if look.at == length => break manifest,
                _ => return Err(damaged()),
            }
        };
        if !look.counted.is_of(&manifest) {
            return Err(BackupError::Damaged {
                path: path(),
                at: 0,
            });
        }
        Ok(Self {
            manifest,
            digest: look.digest,
            index: look.index,
            reader: Mutex::new(Reader {
                file: input.into_inner(),
                last: None,
            }),
        })
    }

    /// Returns what it says of itself.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Returns whether a store with these keys made it.
    pub(crate) fn is_by(&self, ring: &Ring) -> bool {
        let right = tag(ring, &self.digest, &self.manifest);
        constant_time_eq(&right, &self.manifest.tag)
    }

    /// Returns what names this backup among all.
    pub(crate) const fn id(&self) -> Digest {
        self.digest
    }

    /// Reads a block of the index again.
    pub(super) fn block(&self, number: usize) -> Result<Option<Arc<Block>>, StoreError> {
        let Some(place) = self.index.get(number) else {
            return Ok(None);
        };
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((last, block)) = &reader.last
            && *last == number
        {
            return Ok(Some(Arc::clone(block)));
        }
        let mut content = vec![0; place.length as usize];
        let file = &mut reader.file;
        file.seek(SeekFrom::Start(place.at + HEAD as u64))
            .and_then(|_| file.read_exact(&mut content))
            .map_err(StoreError::unavailable)?;
        let kind = place.kind();
        let block = (block::digest(&place.before, kind, &content) == place.own)
            .then(|| block::read(kind, &content.into()))
            .flatten();
        let block = Arc::new(block.ok_or(StoreError::Corrupt(None))?);
        reader.last = Some((number, Arc::clone(&block)));
        Ok(Some(block))
    }
}

impl Place {
    const fn kind(&self) -> Kind {
        match self.first {
            First::Row(_) => Kind::Rows,
            First::Part(_) => Kind::Parts,
        }
    }
}

/// The first look through the file.
struct Look {
    at: u64,
    /// The SHA-256 of the last block; of the manifest's the one before.
    digest: Digest,
    index: Vec<Place>,
    counted: Counted,
}

enum Looked {
    Content,
    Manifest(Manifest),
}

/// What the blocks hold, to be compared with the manifest.
#[derive(Default)]
struct Counted {
    rows: std::collections::BTreeMap<crate::store::Table, u64>,
    parts: u64,
    bytes: u64,
    /// The last key so far.
    last: Option<First>,
}

impl Look {
    /// Reads a block; `None` when it is not one that was written here.
    fn block(&mut self, input: &mut impl Read) -> io::Result<Option<Looked>> {
        let mut head = [0; HEAD];
        let mut content = Vec::new();
        let read = input.read_exact(&mut head).and_then(|()| {
            let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
            // What it says must not make room for more than a block.
            if length as usize > block::MAX {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            content.resize(length as usize, 0);
            input.read_exact(&mut content)
        });
        match read {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        }
        let Some(kind) = Kind::of_code(head[0]) else {
            return Ok(None);
        };
        let own = block::digest(&self.digest, kind, &content);
        if own != head[5..] {
            return Ok(None);
        }
        let length = u32::try_from(content.len()).unwrap_or(u32::MAX);
        let at = self.at;
        self.at += (HEAD + content.len()) as u64;
        if kind == Kind::Manifest {
            let text = std::str::from_utf8(&content).ok();
            return Ok(text.and_then(Manifest::read).map(Looked::Manifest));
        }
        let block = block::read(kind, &Bytes::from(content));
        let Some(first) = block.and_then(|block| self.counted.add(&block)) else {
            return Ok(None);
        };
        self.index.push(Place {
            first,
            at,
            length,
            before: self.digest,
            own,
        });
        self.digest = own;
        Ok(Some(Looked::Content))
    }
}

impl Counted {
    /// Counts a block and returns its first key; `None` when it does not come after the last.
    fn add(&mut self, block: &Block) -> Option<First> {
        let (first, last) = match block {
            Block::Rows(table, rows) => {
                let table = *table;
                *self.rows.entry(table).or_default() += rows.len() as u64;
                let bytes = rows.iter().map(|(_, held)| held.row.value.len() as u64);
                self.bytes += bytes.sum::<u64>();
                let place = |key: RowKey| First::Row(RowAddress { table, key });
                (place(rows.first()?.0), place(rows.last()?.0))
            }
            Block::Parts(parts) => {
                self.parts += parts.len() as u64;
                let bytes = parts.iter().map(|(_, part)| part.len() as u64);
                self.bytes += bytes.sum::<u64>();
                (First::Part(parts.first()?.0), First::Part(parts.last()?.0))
            }
        };
        if self.last.is_some_and(|before| before >= first) {
            return None;
        }
        self.last = Some(last);
        Some(first)
    }

    fn is_of(&self, manifest: &Manifest) -> bool {
        (&self.rows, self.parts, self.bytes) == (&manifest.rows, manifest.parts, manifest.bytes)
    }
}

impl fmt::Debug for BackupFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BackupFile")
            .field("manifest", &self.manifest)
            .finish_non_exhaustive()
    }
}
