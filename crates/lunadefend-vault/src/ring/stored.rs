//! The stored forms of a key ring.

use super::Key;
use crate::{
    VaultError,
    fields::Fields,
    form::{Form, NoOlder},
};
use lunadefend_core::provider::UnixMillis;
use lunadefend_crypto::AeadKey;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// The stored form of a ring.
#[derive(Clone)]
pub(super) struct Keys {
    pub(super) lookup: Key,
    pub(super) url: Key,
    pub(super) wrapping: BTreeMap<u32, WrappingKey>,
    /// The version that new rows are sealed under.
    pub(super) current: u32,
}

/// A version of the wrapping key.
#[derive(Clone)]
pub(super) struct WrappingKey {
    pub(super) key: Key,
    /// The zero of time for keys of earlier versions of this program.
    pub(super) added_at: UnixMillis,
    /// Since when new rows are sealed under it; `None` before.
    pub(super) active_since: Option<UnixMillis>,
}

impl Keys {
    /// The version of the key that was added last.
    pub(super) fn newest(&self) -> u32 {
        self.wrapping
            .keys()
            .next_back()
            .copied()
            .unwrap_or(self.current)
    }

    /// Writes what all forms have in common, and the times of each key, which is `length` bytes long.
    fn write(&self, out: &mut Vec<u8>, length: usize, times: impl Fn(&WrappingKey, &mut Vec<u8>)) {
        out.reserve_exact(68 + length * self.wrapping.len() + AeadKey::TAG_LEN);
        out.extend_from_slice(self.lookup.as_slice());
        out.extend_from_slice(self.url.as_slice());
        out.extend_from_slice(&self.current.to_be_bytes());
        for (version, held) in &self.wrapping {
            out.extend_from_slice(&version.to_be_bytes());
            out.extend_from_slice(held.key.as_slice());
            times(held, out);
        }
    }

    /// Reads what all forms have in common.
    fn read(
        fields: &mut Fields<'_>,
        one: impl Fn(&mut Fields<'_>) -> Result<WrappingKey, VaultError>,
    ) -> Result<Self, VaultError> {
        let lookup = Zeroizing::new(fields.take()?);
        let url = Zeroizing::new(fields.take()?);
        let current = fields.u32()?;
        let mut wrapping = BTreeMap::new();
        while !fields.is_empty() {
            wrapping.insert(fields.u32()?, one(fields)?);
        }
        if !wrapping.contains_key(&current) {
            return Err(VaultError::Corrupt);
        }
        Ok(Self {
            lookup,
            url,
            wrapping,
            current,
        })
    }
}

impl Form for Keys {
    type Older = KeysWithoutTimes;

    const VERSION: u8 = 2;

    fn encode(&self, out: &mut Vec<u8>) {
        self.write(out, 52, |held, out| {
            out.extend_from_slice(&held.added_at.get().to_be_bytes());
            // No clock was ever at this time.
            let since = held.active_since.map_or(u64::MAX, UnixMillis::get);
            out.extend_from_slice(&since.to_be_bytes());
        });
    }

    fn decode(fields: &mut Fields<'_>) -> Result<Self, VaultError> {
        Self::read(fields, |fields| {
            Ok(WrappingKey {
                key: Zeroizing::new(fields.take()?),
                added_at: UnixMillis::new(fields.u64()?),
                active_since: Some(fields.u64()?)
                    .filter(|since| *since != u64::MAX)
                    .map(UnixMillis::new),
            })
        })
    }

    fn upgrade(older: KeysWithoutTimes) -> Self {
        older.0
    }
}

/// The first form: a key sealed rows from the moment on that it was added.
pub(super) struct KeysWithoutTimes(Keys);

impl Form for KeysWithoutTimes {
    type Older = NoOlder;

    const VERSION: u8 = 1;

    fn encode(&self, out: &mut Vec<u8>) {
        self.0.write(out, 36, |_, _| {});
    }

    fn decode(fields: &mut Fields<'_>) -> Result<Self, VaultError> {
        const UNKNOWN: UnixMillis = UnixMillis::new(0);
        let keys = Keys::read(fields, |fields| {
            Ok(WrappingKey {
                key: Zeroizing::new(fields.take()?),
                added_at: UNKNOWN,
                active_since: Some(UNKNOWN),
            })
        });
        keys.map(Self)
    }

    fn upgrade(older: NoOlder) -> Self {
        match older {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form;

    fn key(byte: u8) -> Key {
        Zeroizing::new([byte; 32])
    }

    #[test]
    fn keys_of_the_first_form_have_no_times() {
        let held = |byte, at: u64| WrappingKey {
            key: key(byte),
            added_at: UnixMillis::new(at),
            active_since: (byte == 3).then(|| UnixMillis::new(at + 1)),
        };
        let keys = Keys {
            lookup: key(1),
            url: key(2),
            wrapping: BTreeMap::from([(1, held(3, 10)), (2, held(4, 20))]),
            current: 1,
        };
        let newest: Keys = form::read(&form::write(&keys)).unwrap();
        let first: Keys = form::read(&form::write(&KeysWithoutTimes(keys))).unwrap();
        for (read, times) in [
            (&newest, [(10, Some(11)), (20, None)]),
            (&first, [(0, Some(0)), (0, Some(0))]),
        ] {
            assert_eq!((&read.lookup, &read.url), (&key(1), &key(2)));
            assert_eq!((read.current, read.newest()), (1, 2));
            for ((version, byte), (added, since)) in [(1, 3), (2, 4)].into_iter().zip(times) {
                let held = &read.wrapping[&version];
                assert_eq!(held.key, key(byte));
                assert_eq!(held.added_at.get(), added);
                assert_eq!(held.active_since.map(UnixMillis::get), since);
            }
        }
    }

    #[test]
    fn a_ring_without_its_current_key_is_damaged() {
        let keys = Keys {
            lookup: key(1),
            url: key(2),
            wrapping: BTreeMap::new(),
            current: 1,
        };
        let read = form::read::<Keys>(&form::write(&keys));
        assert!(matches!(read, Err(VaultError::Corrupt)));
    }
}
