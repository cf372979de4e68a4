//! Values in chunks: the STREAM construction over AES-256-GCM.
//!
//! Hoang, Reyhanitabar, Rogaway, Vizár, "Online Authenticated-Encryption and its Nonce-Reuse
//! Misuse-Resistance" (CRYPTO 2015), with the nonce that Tink and age's relatives use: 7 random bytes, a
//! counter of 32 bits, and one byte that is 1 for the last chunk. A value with a chunk missing, repeated,
//! moved, or cut off at the end does not open.

use crate::{VaultError, store::RowAddress};
use bytes::Bytes;
use lunadefend_crypto::{AeadKey, length_prefixed, random_bytes};
use std::{fmt, mem};
use zeroize::Zeroizing;

const CONTEXT: &[u8] = b"lunadefend-chunk-1";
const PURPOSE: &[u8] = b"value chunk";

/// The bytes of a value that are sealed together. A sealed chunk with its key then fits a 64 KiB page of the
/// embedded store; a chunk of 64 KiB would take a page of twice the size.
///
/// Each value records it, so that it can be changed.
pub(crate) const CHUNK_SIZE: u32 = 63 * 1024;

/// Returns the length in bytes of a full chunk once it is sealed.
pub(crate) const fn part_bytes(chunk_size: u32) -> u32 {
    chunk_size.saturating_add(AeadKey::TAG_LEN as u32)
}

/// The key of one upload attempt: it seals one value, once.
#[derive(Clone)]
pub(crate) struct ChunkKey {
    pub(crate) secret: Zeroizing<[u8; 32]>,
    pub(crate) prefix: [u8; 7],
    /// The version of the wrapping key when the value was sealed. It stays when the data key is wrapped again
    /// under a later version, so that the chunks stay untouched.
    pub(crate) version: u32,
}

impl ChunkKey {
    pub(crate) fn generate(version: u32) -> Result<Self, VaultError> {
        Ok(Self {
            secret: Zeroizing::new(random_bytes()?),
            prefix: random_bytes()?,
            version,
        })
    }
}

impl fmt::Debug for ChunkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChunkKey(..)")
    }
}

/// The plaintext of a chunk, which is wiped when it is dropped.
pub(crate) struct Opened(Zeroizing<Vec<u8>>);

impl AsRef<[u8]> for Opened {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        // What a vector has spare is wiped as a whole, what it holds byte by byte: ten times slower.
        self.0.clear();
    }
}

/// Seals and opens the chunks of the value at one address.
pub(crate) struct ChunkCipher {
    key: ChunkKey,
    aead: AeadKey,
    aad: Vec<u8>,
}

impl ChunkCipher {
    /// `at` is the address of the value's row, to which the chunks are bound.
    pub(crate) fn new(at: &RowAddress, key: ChunkKey) -> Self {
        Self {
            aead: AeadKey::new(&key.secret),
            aad: length_prefixed([
                CONTEXT,
                PURPOSE,
                at.key.as_bytes(),
                &key.version.to_be_bytes(),
            ]),
            key,
        }
    }

    /// Returns the key that opens the chunks.
    pub(crate) const fn key(&self) -> &ChunkKey {
        &self.key
    }

    /// Seals a chunk in place, so that nothing is left of its plaintext.
    pub(crate) fn seal(
        &self,
        index: u32,
        last: bool,
        mut chunk: Zeroizing<Vec<u8>>,
    ) -> Result<Vec<u8>, VaultError> {
        self.aead
            .seal(self.nonce(index, last), &self.aad, &mut chunk)?;
        Ok(mem::take(&mut chunk))
    }

    /// Opens a chunk, in place when nobody else holds its bytes.
    pub(crate) fn open(&self, index: u32, last: bool, chunk: Bytes) -> Result<Opened, VaultError> {
        self.aead
            .open(self.nonce(index, last), &self.aad, chunk.into())
            .map(Opened)
            .map_err(|_| VaultError::Corrupt)
    }

    fn nonce(&self, index: u32, last: bool) -> [u8; 12] {
        let mut nonce = [0; 12];
        nonce[..7].copy_from_slice(&self.key.prefix);
        nonce[7..11].copy_from_slice(&index.to_be_bytes());
        nonce[11] = u8::from(last);
        nonce
    }
}
