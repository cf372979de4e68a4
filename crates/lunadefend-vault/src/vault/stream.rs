//! Values in chunks: the STREAM construction over AES-256-GCM.
//!
//! Hoang, Reyhanitabar, Rogaway, Vizár, "Online Authenticated-Encryption and its Nonce-Reuse
//! Misuse-Resistance" (CRYPTO 2015), with the nonce that Tink and age's relatives use: 7 random
//! bytes, a counter of 32 bits, and one byte that is 1 for the last chunk. A chunk that is missing,
//! repeated, moved, or cut off at the end does not open.

use super::{VaultError, fields::Fields, row_keys::Place};
use crate::store::BlobId;
use lunadefend_crypto::{AeadKey, length_prefixed, random_bytes};
use std::fmt;
use zeroize::Zeroizing;

const CONTEXT: &[u8] = b"lunadefend-chunk-1";
const PURPOSE: &[u8] = b"value chunk";

/// How many bytes of a value are sealed together. A sealed chunk with its key then fits a page of
/// 64 KiB of the embedded store, where a chunk of 64 KiB would take a page of twice the size.
///
/// It is kept with each value, so that it can be changed.
pub(super) const CHUNK_SIZE: u32 = 63 * 1024;

/// The key of one upload attempt and what its chunks are bound to. It seals one value, once.
#[derive(Clone)]
pub(super) struct ChunkCipher {
    secret: Zeroizing<[u8; 32]>,
    key: AeadKey,
    prefix: [u8; 7],
    /// The version of the wrapping key when the value was sealed. It stays when the data key is
    /// wrapped anew under a later version, so that the chunks need not be touched.
    version: u32,
    aad: Vec<u8>,
}

impl ChunkCipher {
    /// Makes a new key for the value at `place`.
    pub(super) fn generate(place: &Place, version: u32) -> Result<Self, VaultError> {
        let secret = Zeroizing::new(random_bytes()?);
        Ok(Self::new(place, version, secret, random_bytes()?))
    }

    fn new(place: &Place, version: u32, secret: Zeroizing<[u8; 32]>, prefix: [u8; 7]) -> Self {
        Self {
            key: AeadKey::new(&secret),
            secret,
            prefix,
            version,
            aad: length_prefixed([
                CONTEXT,
                PURPOSE,
                place.key.as_bytes(),
                &version.to_be_bytes(),
            ]),
        }
    }

    pub(super) fn seal(
        &self,
        index: u32,
        last: bool,
        plaintext: &[u8],
    ) -> Result<Vec<u8>, VaultError> {
        let mut chunk = Vec::with_capacity(plaintext.len() + AeadKey::TAG_LEN);
        chunk.extend_from_slice(plaintext);
        self.key
            .seal(self.nonce(index, last), &self.aad, &mut chunk)?;
        Ok(chunk)
    }

    pub(super) fn open(
        &self,
        index: u32,
        last: bool,
        chunk: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        self.key
            .open(self.nonce(index, last), &self.aad, chunk.to_vec())
            .map_err(|_| VaultError::Corrupt)
    }

    fn nonce(&self, index: u32, last: bool) -> [u8; 12] {
        let mut nonce = [0; 12];
        nonce[..7].copy_from_slice(&self.prefix);
        nonce[7..11].copy_from_slice(&index.to_be_bytes());
        nonce[11] = u8::from(last);
        nonce
    }
}

impl fmt::Debug for ChunkCipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChunkCipher(..)")
    }
}

/// What the sealed row of a finished value says. Sealing that row is what wraps the data key.
#[derive(Debug)]
pub(super) struct ValueInfo {
    pub(super) blob: BlobId,
    pub(super) cipher: ChunkCipher,
    pub(super) chunk_size: u32,
    pub(super) chunks: u32,
    pub(super) length: u64,
}

impl ValueInfo {
    pub(super) fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(128));
        bytes.extend_from_slice(self.blob.as_bytes());
        bytes.extend_from_slice(self.cipher.secret.as_slice());
        bytes.extend_from_slice(&self.cipher.prefix);
        bytes.extend_from_slice(&self.cipher.version.to_be_bytes());
        bytes.extend_from_slice(&self.chunk_size.to_be_bytes());
        bytes.extend_from_slice(&self.chunks.to_be_bytes());
        bytes.extend_from_slice(&self.length.to_be_bytes());
        bytes
    }

    pub(super) fn decode(place: &Place, bytes: &[u8]) -> Result<Self, VaultError> {
        let mut fields = Fields::of(bytes);
        let blob = BlobId::new(fields.take()?);
        let secret = Zeroizing::new(fields.take()?);
        let prefix = fields.take()?;
        let version = fields.u32()?;
        let info = Self {
            blob,
            cipher: ChunkCipher::new(place, version, secret, prefix),
            chunk_size: fields.u32()?,
            chunks: fields.u32()?,
            length: fields.u64()?,
        };
        fields.end()?;
        Ok(info)
    }

    /// How many bytes of the value are in a chunk; all are full but the last.
    pub(super) fn length_of(&self, index: u32) -> Option<u64> {
        let before = u64::from(index) * u64::from(self.chunk_size);
        if index + 1 == self.chunks {
            self.length.checked_sub(before)
        } else {
            Some(u64::from(self.chunk_size))
        }
    }
}
