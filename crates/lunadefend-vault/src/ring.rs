//! The key ring: every key but the master, sealed by the master, in one row of the store.

mod stored;

use crate::{
    MasterKey, VaultError,
    fields::Fields,
    form,
    keys::WrappingKeyVersion,
    purpose::Purpose,
    store::{RowAddress, RowKey, Table},
};
use bytes::Bytes;
use lunadefend_core::provider::UnixMillis;
use lunadefend_crypto::{
    AeadKey, HmacKey, hex, hkdf_sha256, length_prefixed, random_bytes, sha256,
};
use std::{collections::BTreeMap, fmt};
use stored::{Keys, WrappingKey};
use zeroize::Zeroizing;

/// Format and purpose of the sealed ring: its authenticated data, and the context of its key's derivation.
const CONTEXT: [&[u8]; 2] = [b"lunadefend-ring-1", b"key ring"];
/// The number of the sealing method. A new method gets the next number, and this one stays readable.
const SEALED: u8 = 1;

type Key = Zeroizing<[u8; 32]>;

/// The keys of one store.
pub(crate) struct Ring {
    keys: Keys,
    lookup: HmacKey,
    url: HmacKey,
}

impl Ring {
    /// The address of the ring's row: the only address that is the same in every store.
    pub(crate) fn own_address() -> RowAddress {
        RowAddress {
            table: Table::KeyRing,
            key: RowKey::new(sha256(b"lunadefend key ring")),
        }
    }

    /// Makes new keys.
    pub(crate) fn generate(now: UnixMillis) -> Result<Self, VaultError> {
        let first = WrappingKey {
            key: random_key()?,
            added_at: now,
            active_since: Some(now),
        };
        Ok(Self::new(Keys {
            lookup: random_key()?,
            url: random_key()?,
            wrapping: BTreeMap::from([(1, first)]),
            current: 1,
        }))
    }

    /// Returns the ring with one more wrapping key, which seals nothing yet, and its version.
    pub(crate) fn with_wrapping_key(&self, now: UnixMillis) -> Result<(Self, u32), VaultError> {
        let mut keys = self.keys.clone();
        let version = keys.newest().checked_add(1).ok_or(VaultError::Corrupt)?;
        let added = WrappingKey {
            key: random_key()?,
            added_at: now,
            active_since: None,
        };
        keys.wrapping.insert(version, added);
        Ok((Self::new(keys), version))
    }

    /// Returns the ring in which the newest key seals new rows; `None` when it does so already, or was added after
    /// `added_until`.
    pub(crate) fn with_newest_active(
        &self,
        added_until: UnixMillis,
        now: UnixMillis,
    ) -> Option<Self> {
        let mut keys = self.keys.clone();
        let newest = keys.newest();
        let key = keys.wrapping.get_mut(&newest)?;
        if newest == keys.current || key.added_at > added_until {
            return None;
        }
        key.active_since = Some(now);
        keys.current = newest;
        Some(Self::new(keys))
    }

    /// Returns the ring without a wrapping key.
    pub(crate) fn without_wrapping_key(&self, version: u32) -> Self {
        let mut keys = self.keys.clone();
        keys.wrapping.remove(&version);
        Self::new(keys)
    }

    /// Returns the ring with another key for URLs and states: it refuses all that were made before.
    pub(crate) fn with_new_url_key(&self) -> Result<Self, VaultError> {
        let url = random_key()?;
        let keys = Keys {
            url,
            ..self.keys.clone()
        };
        Ok(Self::new(keys))
    }

    /// Returns the name of the store, which its backups and lists of deletions carry: 32 hexadecimal digits. It stays
    /// the same in the life of a store, and reveals nothing.
    pub(crate) fn store_name(&self) -> String {
        hex(&self.lookup.tag(&[Purpose::StoreName.label()])[..16])
    }

    /// Returns what may be told of each wrapping key, the oldest first.
    pub(crate) fn wrapping_keys(&self) -> Vec<WrappingKeyVersion> {
        let keys = self.keys.wrapping.iter();
        keys.map(|(version, key)| WrappingKeyVersion {
            version: *version,
            added_at: Some(key.added_at).filter(|at| at.get() > 0),
            active_since: key.active_since.filter(|at| at.get() > 0),
            is_current: *version == self.keys.current,
        })
        .collect()
    }

    fn new(keys: Keys) -> Self {
        Self {
            lookup: HmacKey::new(keys.lookup.as_slice()),
            url: HmacKey::new(keys.url.as_slice()),
            keys,
        }
    }

    /// For row keys and the tags of grants; never changes in the life of a store.
    pub(crate) const fn lookup(&self) -> &HmacKey {
        &self.lookup
    }

    /// For URLs and states; a restored store gets another one.
    pub(crate) const fn url(&self) -> &HmacKey {
        &self.url
    }

    /// The key behind [`url`](Self::url), to derive others from.
    pub(crate) fn url_secret(&self) -> &[u8] {
        self.keys.url.as_slice()
    }

    /// Returns the address of the row about these identifiers. It is an HMAC over table and identifiers, so
    /// that the store holds none of them.
    pub(crate) fn address(&self, table: Table, ids: &[&[u8]]) -> RowAddress {
        let parts = [Purpose::Row(table).label()].into_iter();
        RowAddress {
            table,
            key: RowKey::new(self.lookup.tag_of(parts.chain(ids.iter().copied()))),
        }
    }

    /// The version of the wrapping key that new rows use.
    pub(crate) const fn current_version(&self) -> u32 {
        self.keys.current
    }

    /// A version of the wrapping key.
    pub(crate) fn wrapping(&self, version: u32) -> Result<&[u8], VaultError> {
        self.keys
            .wrapping
            .get(&version)
            .map(|held| held.key.as_slice())
            .ok_or(VaultError::UnknownKeyVersion(version))
    }

    /// Returns the row: number of the method, 16 random bytes, nonce, and the encrypted keys. Their key is
    /// derived from the master and those random bytes.
    pub(crate) fn seal(&self, master: &MasterKey) -> Result<Bytes, VaultError> {
        let (salt, nonce) = (random_bytes::<16>()?, random_bytes::<12>()?);
        // Encrypted in place, so the plain keys are nowhere else.
        let mut keys = form::write(&self.keys);
        sealing_key(master, &salt).seal(nonce, &length_prefixed(CONTEXT), &mut keys)?;
        Ok([&[SEALED], salt.as_slice(), &nonce, &keys].concat().into())
    }

    /// Opens the row.
    pub(crate) fn open(sealed: &[u8], master: &MasterKey) -> Result<Self, VaultError> {
        let mut fields = Fields::of(sealed);
        match fields.u8()? {
            0 => return Err(VaultError::Corrupt),
            SEALED => {}
            _ => return Err(VaultError::TooNew),
        }
        let (salt, nonce) = (fields.take::<16>()?, fields.take()?);
        // The tag cannot tell a wrong master from a damaged row; the first is what happens.
        let keys = sealing_key(master, &salt)
            .open(nonce, &length_prefixed(CONTEXT), fields.rest().to_vec())
            .map_err(|_| VaultError::WrongMasterKey)?;
        form::read(&keys).map(Self::new)
    }
}

impl fmt::Debug for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ring")
            .field("versions", &self.keys.wrapping.len())
            .finish_non_exhaustive()
    }
}

fn random_key() -> Result<Key, VaultError> {
    Ok(Zeroizing::new(random_bytes()?))
}

fn sealing_key(master: &MasterKey, salt: &[u8; 16]) -> AeadKey {
    AeadKey::new(&hkdf_sha256(master.expose_secret(), salt, &CONTEXT))
}
