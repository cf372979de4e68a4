//! The row of a finished value. Sealing it is what encrypts a small value, and wraps the data key of a large one.

use crate::{
    VaultError,
    fields::Fields,
    form::{Form, NoOlder},
    ring::Ring,
    store::{Blob, BlobId, RowAddress, Table},
    stream::{ChunkCipher, ChunkKey, part_bytes},
};
use lunadefend_core::{provider::TokenId, wire::MAX_INLINE};
use std::fmt;
use zeroize::Zeroizing;

pub(crate) fn address(ring: &Ring, token: &TokenId) -> RowAddress {
    ring.address(Table::Value, &[token.expose_id().as_bytes()])
}

/// A finished value: small ones lie in the row itself, which costs one commit and one read.
#[derive(Debug)]
pub(crate) enum ValueRow {
    Small(SmallValue),
    Blob(BlobValue),
}

/// A value of at most [`MAX_INLINE`] bytes.
pub(crate) struct SmallValue(pub(crate) Zeroizing<Vec<u8>>);

/// The blob of a value, and the key that opens it.
#[derive(Debug)]
pub(crate) struct BlobValue {
    pub(crate) blob: BlobId,
    pub(crate) key: ChunkKey,
    pub(crate) chunk_size: u32,
    pub(crate) chunks: u32,
    pub(crate) length: u64,
}

impl ValueRow {
    /// Returns the length of the value in bytes.
    pub(crate) fn length(&self) -> u64 {
        match self {
            Self::Small(value) => value.0.len() as u64,
            Self::Blob(value) => value.length,
        }
    }

    /// Returns the blob of the value, if it has one.
    pub(crate) const fn blob(&self) -> Option<BlobId> {
        match self {
            Self::Small(_) => None,
            Self::Blob(value) => Some(value.blob),
        }
    }
}

impl fmt::Debug for SmallValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SmallValue(..)")
    }
}

impl BlobValue {
    pub(crate) const fn blob(&self) -> Blob {
        Blob {
            id: self.blob,
            part_bytes: part_bytes(self.chunk_size),
        }
    }

    /// `at` is the address of the row.
    pub(crate) fn cipher(&self, at: &RowAddress) -> ChunkCipher {
        ChunkCipher::new(at, self.key.clone())
    }

    /// Returns the length of a chunk in bytes; all are full but the last.
    pub(crate) fn length_of(&self, index: u32) -> Option<u64> {
        let before = u64::from(index) * u64::from(self.chunk_size);
        if index + 1 == self.chunks {
            self.length.checked_sub(before)
        } else {
            Some(u64::from(self.chunk_size))
        }
    }
}

const BLOB: u8 = 0;
const SMALL: u8 = 1;

impl Form for ValueRow {
    type Older = BlobValue;

    const VERSION: u8 = 2;

    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Small(SmallValue(value)) => {
                out.reserve_exact(1 + value.len());
                out.push(SMALL);
                out.extend_from_slice(value);
            }
            Self::Blob(value) => {
                out.push(BLOB);
                value.encode(out);
            }
        }
    }

    fn decode(fields: &mut Fields<'_>) -> Result<Self, VaultError> {
        match fields.u8()? {
            BLOB => BlobValue::decode(fields).map(Self::Blob),
            SMALL => {
                let value = fields.take_rest();
                if value.len() > MAX_INLINE {
                    return Err(VaultError::Corrupt);
                }
                Ok(Self::Small(SmallValue(Zeroizing::new(value.to_vec()))))
            }
            _ => Err(VaultError::Corrupt),
        }
    }

    fn upgrade(older: BlobValue) -> Self {
        Self::Blob(older)
    }
}

/// The form before small values lay in the row.
impl Form for BlobValue {
    type Older = NoOlder;

    const VERSION: u8 = 1;

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.blob.as_bytes());
        out.extend_from_slice(self.key.secret.as_slice());
        out.extend_from_slice(&self.key.prefix);
        out.extend_from_slice(&self.key.version.to_be_bytes());
        out.extend_from_slice(&self.chunk_size.to_be_bytes());
        out.extend_from_slice(&self.chunks.to_be_bytes());
        out.extend_from_slice(&self.length.to_be_bytes());
    }

    fn decode(fields: &mut Fields<'_>) -> Result<Self, VaultError> {
        Ok(Self {
            blob: BlobId::new(fields.take()?),
            key: ChunkKey {
                secret: Zeroizing::new(fields.take()?),
                prefix: fields.take()?,
                version: fields.u32()?,
            },
            chunk_size: fields.u32()?,
            chunks: fields.u32()?,
            length: fields.u64()?,
        })
    }

    fn upgrade(older: NoOlder) -> Self {
        match older {}
    }
}
