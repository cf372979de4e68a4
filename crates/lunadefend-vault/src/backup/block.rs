//! The blocks of a backup.

use crate::store::{BlobId, Bytes, PartKey, Row, RowKey, StoredRow, Table, WriteId};
use crate::{VaultError, fields::Fields};
use lunadefend_crypto::sha256;

/// The first line of every backup. A form that this version cannot read has another number.
pub(super) const FIRST_LINE: &[u8] = b"lunadefend backup 1\n";
/// A block ends once its content has so many bytes.
const FULL: usize = 256 * 1024;
/// No content is longer: a block that is not full takes one more row or part.
pub(super) const MAX: usize = FULL + 1024 * 1024;
/// Kind, length and SHA-256.
pub(super) const HEAD: usize = 1 + 4 + 32;

pub(super) type Digest = [u8; 32];

/// What a block holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Rows,
    Parts,
    Manifest,
}

impl Kind {
    const fn code(self) -> u8 {
        match self {
            Self::Rows => 1,
            Self::Parts => 2,
            Self::Manifest => 3,
        }
    }

    pub(super) const fn of_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Rows),
            2 => Some(Self::Parts),
            3 => Some(Self::Manifest),
            _ => None,
        }
    }
}

/// The SHA-256 that the first block continues.
pub(super) fn first_digest() -> Digest {
    sha256(FIRST_LINE)
}

/// The SHA-256 of a block after the one with `before`.
pub(super) fn digest(before: &Digest, kind: Kind, content: &[u8]) -> Digest {
    let length = u32::try_from(content.len()).unwrap_or(u32::MAX);
    let mut all = Vec::with_capacity(HEAD + content.len());
    all.extend_from_slice(before);
    all.push(kind.code());
    all.extend_from_slice(&length.to_be_bytes());
    all.extend_from_slice(content);
    sha256(&all)
}

/// Returns a block as it is in the file, and its SHA-256.
pub(super) fn write(before: &Digest, kind: Kind, content: &[u8]) -> (Bytes, Digest) {
    let digest = digest(before, kind, content);
    let length = u32::try_from(content.len()).unwrap_or(u32::MAX);
    let mut block = Vec::with_capacity(HEAD + content.len());
    block.push(kind.code());
    block.extend_from_slice(&length.to_be_bytes());
    block.extend_from_slice(&digest);
    block.extend_from_slice(content);
    (block.into(), digest)
}

/// The content of a block that is being gathered.
#[derive(Debug, Default)]
pub(super) struct Content(Vec<u8>);

impl Content {
    /// Begins a block of rows of that table.
    pub(super) fn of_rows(table: Table) -> Self {
        Self(vec![table.code()])
    }

    pub(super) const fn is_full(&self) -> bool {
        self.0.len() >= FULL
    }

    /// Adds a row; `false` when no block can hold it.
    pub(super) fn push_row(&mut self, key: &RowKey, row: &Row) -> bool {
        self.0.extend_from_slice(key.as_bytes());
        match row.expires_at {
            None => self.0.push(0),
            Some(at) => {
                self.0.push(1);
                self.0.extend_from_slice(&at.get().to_be_bytes());
            }
        }
        self.push_bytes(&row.value)
    }

    /// Adds a part; `false` when no block can hold it.
    pub(super) fn push_part(&mut self, (blob, number): PartKey, part: &[u8]) -> bool {
        self.0.extend_from_slice(blob.as_bytes());
        self.0.extend_from_slice(&number.to_be_bytes());
        self.push_bytes(part)
    }

    fn push_bytes(&mut self, bytes: &[u8]) -> bool {
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        self.0.extend_from_slice(&length.to_be_bytes());
        self.0.extend_from_slice(bytes);
        self.0.len() <= MAX
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        &self.0
    }
}

/// What is in a block, without copies of it.
#[derive(Debug)]
pub(super) enum Block {
    Rows(Table, Vec<(RowKey, StoredRow)>),
    Parts(Vec<(PartKey, Bytes)>),
}

/// Reads a block of rows or parts. Their keys must ascend, and there must be one at least.
pub(super) fn read(kind: Kind, content: &Bytes) -> Option<Block> {
    let mut fields = Fields::of(content);
    let block = match kind {
        Kind::Manifest => return None,
        Kind::Rows => {
            let table = Table::from_code(fields.u8().ok()?)?;
            let rows = all(&mut fields, |fields| row(content, fields))?;
            Block::Rows(table, rows)
        }
        Kind::Parts => Block::Parts(all(&mut fields, |fields| part(content, fields))?),
    };
    Some(block)
}

fn all<K: Ord, T>(
    fields: &mut Fields<'_>,
    one: impl Fn(&mut Fields<'_>) -> Result<(K, T), VaultError>,
) -> Option<Vec<(K, T)>> {
    let mut all: Vec<(K, T)> = Vec::new();
    while !fields.is_empty() {
        let next = one(fields).ok()?;
        if all.last().is_some_and(|(last, _)| *last >= next.0) {
            return None;
        }
        all.push(next);
    }
    (!all.is_empty()).then_some(all)
}

fn row(content: &Bytes, fields: &mut Fields<'_>) -> Result<(RowKey, StoredRow), VaultError> {
    let key = RowKey::new(fields.take()?);
    let expires_at = match fields.u8()? {
        0 => None,
        1 => Some(fields.time()?),
        _ => return Err(VaultError::Corrupt),
    };
    let value = bytes(content, fields)?;
    let row = Row { value, expires_at };
    // A row of a backup has never another version.
    let written_by = WriteId::new([0; 16]);
    Ok((key, StoredRow { row, written_by }))
}

fn part(content: &Bytes, fields: &mut Fields<'_>) -> Result<(PartKey, Bytes), VaultError> {
    let key = (BlobId::new(fields.take()?), fields.u32()?);
    Ok((key, bytes(content, fields)?))
}

fn bytes(content: &Bytes, fields: &mut Fields<'_>) -> Result<Bytes, VaultError> {
    let length = usize::try_from(fields.u32()?).map_err(|_| VaultError::Corrupt)?;
    Ok(content.slice_ref(fields.take_some(length)?))
}
