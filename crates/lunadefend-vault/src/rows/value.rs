//! The row of a finished value. Sealing it is what wraps the data key.

use crate::{
    VaultError,
    fields::Fields,
    form::{Form, NoOlder},
    ring::Ring,
    store::{Blob, BlobId, RowAddress, Table},
    stream::{ChunkCipher, ChunkKey, part_bytes},
};
use lunadefend_core::provider::TokenId;
use zeroize::Zeroizing;

pub(crate) fn address(ring: &Ring, token: &TokenId) -> RowAddress {
    ring.address(Table::Value, &[token.expose_id().as_bytes()])
}

/// The address of a value, and the key that opens it.
#[derive(Debug)]
pub(crate) struct ValueRow {
    pub(crate) blob: BlobId,
    pub(crate) key: ChunkKey,
    pub(crate) chunk_size: u32,
    pub(crate) chunks: u32,
    pub(crate) length: u64,
}

impl ValueRow {
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

impl Form for ValueRow {
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
