//! Maps by the address of a row.

use crate::store::{RowAddress, StoredRow};
use std::{
    collections::{HashMap, HashSet},
    hash::{BuildHasherDefault, Hasher},
};

/// Rows that were read, each by its address.
pub(crate) type RowMap = AddressMap<StoredRow>;
/// Something for each address.
pub(crate) type AddressMap<V> = HashMap<RowAddress, V, BuildHasherDefault<ByKey>>;
/// Addresses, each once.
pub(crate) type AddressSet = HashSet<RowAddress, BuildHasherDefault<ByKey>>;

/// A hasher that takes eight bytes of a key as they are. A key is an HMAC, or random: nobody who lacks the key of the HMAC can
/// choose many that are alike.
#[derive(Default)]
pub(crate) struct ByKey(u64);

impl Hasher for ByKey {
    fn write(&mut self, bytes: &[u8]) {
        let mut first = [0; 8];
        for (to, from) in first.iter_mut().zip(bytes) {
            *to = *from;
        }
        // Besides the key there are its length and the table, which are the same for many.
        self.0 = self.0.rotate_left(8) ^ u64::from_le_bytes(first);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{RowKey, Table};
    use lunadefend_crypto::sha256;
    use std::hash::BuildHasher;

    #[test]
    fn keys_spread_over_both_ends_of_the_hash() {
        let build = BuildHasherDefault::<ByKey>::default();
        let hashes = (0..1024_u32).map(|number| {
            let key = RowKey::new(sha256(&number.to_be_bytes()));
            let table = Table::Grant;
            build.hash_one(RowAddress { table, key })
        });
        let hashes: Vec<_> = hashes.collect();
        // The map takes its places from the low bits, and tells neighbours apart by the high ones.
        let kinds = |bits: fn(u64) -> u64| {
            let kinds: HashSet<_> = hashes.iter().map(|hash| bits(*hash)).collect();
            kinds.len()
        };
        assert!(kinds(|hash| hash & 1023) > 512);
        assert!(kinds(|hash| hash >> 57) > 120);
        assert_eq!(kinds(|hash| hash), 1024);
    }
}
