//! The key ring: every key but the master, sealed by the master, in one row of the store.

use super::{MasterKey, VaultError, fields::Fields};
use crate::store::RowKey;
use bytes::Bytes;
use lunadefend_crypto::{AeadKey, HmacKey, hkdf_sha256, length_prefixed, random_bytes, sha256};
use std::{collections::BTreeMap, fmt};
use zeroize::Zeroizing;

/// Format and purpose of the sealed ring: the authenticated data, and what its key is derived for.
const CONTEXT: [&[u8]; 2] = [b"lunadefend-ring-1", b"key ring"];
const FORMAT: u8 = 1;

type Key = Zeroizing<[u8; 32]>;

/// The keys of one store.
pub(super) struct Ring {
    lookup_secret: Key,
    url_secret: Key,
    lookup: HmacKey,
    url: HmacKey,
    wrapping: BTreeMap<u32, Key>,
    current: u32,
}

impl Ring {
    /// The key of the ring's own row: the only one that is the same in every store.
    pub(super) fn row_key() -> RowKey {
        RowKey::new(sha256(b"lunadefend key ring"))
    }

    /// Makes new keys.
    pub(super) fn generate() -> Result<Self, VaultError> {
        Ok(Self::new(
            random_key()?,
            random_key()?,
            1,
            BTreeMap::from([(1, random_key()?)]),
        ))
    }

    /// The same ring with one more wrapping key, which is used from now on.
    pub(super) fn with_new_wrapping_key(&self) -> Result<Self, VaultError> {
        let version = self.current.checked_add(1).ok_or(VaultError::Corrupt)?;
        let mut wrapping = self.wrapping.clone();
        wrapping.insert(version, random_key()?);
        Ok(Self::new(
            self.lookup_secret.clone(),
            self.url_secret.clone(),
            version,
            wrapping,
        ))
    }

    fn new(
        lookup_secret: Key,
        url_secret: Key,
        current: u32,
        wrapping: BTreeMap<u32, Key>,
    ) -> Self {
        Self {
            lookup: HmacKey::new(lookup_secret.as_slice()),
            url: HmacKey::new(url_secret.as_slice()),
            lookup_secret,
            url_secret,
            wrapping,
            current,
        }
    }

    /// For row keys and the tags of grants; never changes in the life of a store.
    pub(super) const fn lookup(&self) -> &HmacKey {
        &self.lookup
    }

    /// For URLs and states.
    pub(super) const fn url(&self) -> &HmacKey {
        &self.url
    }

    /// The version of the wrapping key that new rows use.
    pub(super) const fn current_version(&self) -> u32 {
        self.current
    }

    /// A version of the wrapping key.
    pub(super) fn wrapping(&self, version: u32) -> Result<&[u8], VaultError> {
        self.wrapping
            .get(&version)
            .map(|key| key.as_slice())
            .ok_or(VaultError::UnknownKeyVersion(version))
    }

    /// The row: format, 16 random bytes, nonce, and the keys encrypted under what the master and
    /// those random bytes give.
    pub(super) fn seal(&self, master: &MasterKey) -> Result<Bytes, VaultError> {
        let (salt, nonce) = (random_bytes::<16>()?, random_bytes::<12>()?);
        let mut keys = self.encode();
        sealing_key(master, &salt).seal(nonce, &length_prefixed(CONTEXT), &mut keys)?;
        Ok([&[FORMAT], salt.as_slice(), &nonce, &keys].concat().into())
    }

    /// Opens the row.
    pub(super) fn open(sealed: &[u8], master: &MasterKey) -> Result<Self, VaultError> {
        let mut fields = Fields::of(sealed);
        if fields.u8()? != FORMAT {
            return Err(VaultError::Corrupt);
        }
        let (salt, nonce) = (fields.take::<16>()?, fields.take()?);
        // The tag cannot tell a wrong master from a damaged row; the first is what happens.
        let keys = sealing_key(master, &salt)
            .open(nonce, &length_prefixed(CONTEXT), fields.rest().to_vec())
            .map_err(|_| VaultError::WrongMasterKey)?;
        Self::decode(&keys)
    }

    /// Encrypted in place afterwards, so the plain keys are nowhere else.
    fn encode(&self) -> Vec<u8> {
        let mut keys = Vec::with_capacity(72 + 36 * self.wrapping.len() + AeadKey::TAG_LEN);
        keys.extend_from_slice(self.lookup_secret.as_slice());
        keys.extend_from_slice(self.url_secret.as_slice());
        keys.extend_from_slice(&self.current.to_be_bytes());
        for (version, key) in &self.wrapping {
            keys.extend_from_slice(&version.to_be_bytes());
            keys.extend_from_slice(key.as_slice());
        }
        keys
    }

    fn decode(keys: &[u8]) -> Result<Self, VaultError> {
        let mut fields = Fields::of(keys);
        let lookup = Zeroizing::new(fields.take()?);
        let url = Zeroizing::new(fields.take()?);
        let current = fields.u32()?;
        let mut wrapping = BTreeMap::new();
        let mut fields = Fields::of(fields.rest());
        while !fields.is_empty() {
            wrapping.insert(fields.u32()?, Zeroizing::new(fields.take()?));
        }
        if wrapping.contains_key(&current) {
            Ok(Self::new(lookup, url, current, wrapping))
        } else {
            Err(VaultError::Corrupt)
        }
    }
}

impl fmt::Debug for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ring")
            .field("versions", &self.wrapping.len())
            .finish_non_exhaustive()
    }
}

fn random_key() -> Result<Key, VaultError> {
    Ok(Zeroizing::new(random_bytes()?))
}

fn sealing_key(master: &MasterKey, salt: &[u8; 16]) -> AeadKey {
    AeadKey::new(&hkdf_sha256(master.expose_secret(), salt, &CONTEXT))
}
