//! Values: blobs in parts.

use super::StoreFuture;
use bytes::Bytes;
use std::fmt;

/// Names the parts of one upload attempt: 32 random bytes, never used for another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobId([u8; 32]);

impl BlobId {
    /// Makes an identifier of its bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes of the identifier.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BlobId(..)")
    }
}

/// A blob, with the position of its parts: part `n` begins at byte `n * part_bytes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blob {
    /// Its name.
    pub id: BlobId,
    /// The length of each part in bytes; the last may be shorter.
    pub part_bytes: u32,
}

/// Writes one blob, from its first part to its last.
pub trait BlobWriter: fmt::Debug + Send + Sync {
    /// Adds the next part. It need not be written, durable, nor readable, before [`finish`](Self::finish): a store that
    /// goes on with the next parts meanwhile bounds their number, of all blobs together.
    ///
    /// # Errors
    /// A [`StoreError`](super::StoreError) after which the blob cannot be finished. The same holds after this
    /// future was dropped before its end.
    fn write(&mut self, part: Bytes) -> StoreFuture<'_, ()>;

    /// Makes all parts durable and readable.
    ///
    /// # Errors
    /// A [`StoreError`](super::StoreError) when a part is missing or may be.
    fn finish(self: Box<Self>) -> StoreFuture<'static, ()>;
}
