//! A backup as it is made, block by block.

use super::{
    Manifest,
    block::{self, Content, Digest, FIRST_LINE, Kind},
};
use crate::{
    Vault, VaultError,
    purpose::Purpose,
    ring::Ring,
    store::{Bytes, MAX_ROWS, PartKey, RowKey, Snapshot, StoredRow, Table},
};
use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    sync::Arc,
};

/// How many parts it reads at once.
const PARTS: usize = 4;

impl Vault {
    /// Begins a backup of this moment, while the store is in use. `None` for a store that has none: it has backups of
    /// its own, after which [`restored`](crate::restored) is called.
    ///
    /// # Errors
    /// A [`VaultError`] when the store cannot be read now.
    ///
    /// # Security
    /// Rows and values are in it as they are sealed. The master key is not in it, and without that nothing can be read.
    pub async fn backup(&self) -> Result<Option<Backup>, VaultError> {
        let made_at = self.now();
        let Some(snapshot) = self.store().snapshot().await? else {
            return Ok(None);
        };
        let ring = self.ring();
        let manifest = Manifest {
            made_at,
            store: ring.store_name(),
            wrapping_keys: Vec::new(),
            rows: BTreeMap::new(),
            parts: 0,
            bytes: 0,
            tag: [0; 32],
        };
        Ok(Some(Backup {
            vault: self.clone(),
            snapshot,
            manifest,
            digest: block::first_digest(),
            next: Next::FirstLine,
        }))
    }
}

/// A backup that is being made: the bytes of its file, block by block.
pub struct Backup {
    vault: Vault,
    snapshot: Arc<dyn Snapshot>,
    manifest: Manifest,
    digest: Digest,
    next: Next,
}

/// Where it goes on.
enum Next {
    FirstLine,
    Rows {
        /// The place of the table in the list of all.
        table: usize,
        after: Option<RowKey>,
        page: VecDeque<(RowKey, StoredRow)>,
    },
    Parts {
        after: Option<PartKey>,
        page: VecDeque<(PartKey, Bytes)>,
    },
    Manifest,
    End,
}

impl Backup {
    /// Returns the next bytes of the file; `None` after the last. It is a backup only with all of them.
    ///
    /// # Errors
    /// A [`VaultError`] when the store cannot be read: then there is no backup.
    pub async fn next_block(&mut self) -> Result<Option<Bytes>, VaultError> {
        loop {
            let bytes = match &mut self.next {
                Next::FirstLine => {
                    self.next = rows_of(0);
                    return Ok(Some(Bytes::from_static(FIRST_LINE)));
                }
                Next::Rows { .. } => self.rows().await?,
                Next::Parts { .. } => self.parts().await?,
                Next::Manifest => Some(self.end()?),
                Next::End => return Ok(None),
            };
            if bytes.is_some() {
                return Ok(bytes);
            }
        }
    }

    /// Gathers a block of rows of the present table; `None` when it has no more.
    async fn rows(&mut self) -> Result<Option<Bytes>, VaultError> {
        let Next::Rows { table, after, page } = &mut self.next else {
            return Err(VaultError::Corrupt);
        };
        let place = *table;
        let Some(table) = Table::ALL.get(place).copied() else {
            self.next = Next::Parts {
                after: None,
                page: VecDeque::new(),
            };
            return Ok(None);
        };
        let mut content = Content::of_rows(table);
        let mut rows = 0;
        while !content.is_full() {
            if page.is_empty() {
                *page = self.snapshot.scan(table, *after, MAX_ROWS).await?.into();
            }
            let Some((key, held)) = page.pop_front() else {
                break;
            };
            if !content.push_row(&key, &held.row) {
                return Err(VaultError::Corrupt);
            }
            rows += 1;
            self.manifest.bytes += held.row.value.len() as u64;
            *after = Some(key);
        }
        if rows == 0 {
            self.next = rows_of(place + 1);
            return Ok(None);
        }
        *self.manifest.rows.entry(table).or_default() += rows;
        Ok(Some(self.block(Kind::Rows, content.as_slice())))
    }

    /// Gathers a block of parts; `None` when there are no more.
    async fn parts(&mut self) -> Result<Option<Bytes>, VaultError> {
        let Next::Parts { after, page } = &mut self.next else {
            return Err(VaultError::Corrupt);
        };
        let mut content = Content::default();
        let mut parts = 0;
        while !content.is_full() {
            if page.is_empty() {
                *page = self.snapshot.parts(*after, PARTS).await?.into();
            }
            let Some((key, part)) = page.pop_front() else {
                break;
            };
            if !content.push_part(key, &part) {
                return Err(VaultError::Corrupt);
            }
            parts += 1;
            self.manifest.bytes += part.len() as u64;
            *after = Some(key);
        }
        if parts == 0 {
            self.next = Next::Manifest;
            return Ok(None);
        }
        self.manifest.parts += parts;
        Ok(Some(self.block(Kind::Parts, content.as_slice())))
    }

    /// Makes the last block.
    fn end(&mut self) -> Result<Bytes, VaultError> {
        let ring = self.vault.ring();
        let keys = ring.wrapping_keys().into_iter();
        self.manifest.wrapping_keys = keys.map(|key| key.version).collect();
        self.manifest.tag = tag(&ring, &self.digest, &self.manifest);
        let text = self.manifest.to_text();
        self.next = Next::End;
        match text.len() {
            0..=block::MAX => Ok(self.block(Kind::Manifest, text.as_bytes())),
            _ => Err(VaultError::Corrupt),
        }
    }

    fn block(&mut self, kind: Kind, content: &[u8]) -> Bytes {
        let (bytes, digest) = block::write(&self.digest, kind, content);
        self.digest = digest;
        bytes
    }
}

const fn rows_of(table: usize) -> Next {
    Next::Rows {
        table,
        after: None,
        page: VecDeque::new(),
    }
}

/// The tag of a manifest after the blocks that end with `digest`.
pub(super) fn tag(ring: &Ring, digest: &Digest, manifest: &Manifest) -> [u8; 32] {
    let text = manifest.to_untagged_text();
    let label = Purpose::Backup.label();
    ring.lookup().tag(&[label, digest, text.as_bytes()])
}

impl fmt::Debug for Backup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backup")
            .field("made_at", &self.manifest.made_at)
            .finish_non_exhaustive()
    }
}
