//! Row keys, derived keys and nonces: none is ever there twice.

use super::*;
use crate::{
    purpose::Purpose,
    rows::value::{BlobValue, ValueRow},
    stream::{ChunkCipher, ChunkKey},
};
use futures_util::future::join_all;
use lunadefend_crypto::hkdf_sha256;
use proptest::prelude::*;
use std::collections::HashSet;

#[tokio::test]
async fn no_two_tokens_share_a_row_key_a_key_or_a_nonce() {
    const TOKENS: usize = 1_000;
    let world = World::new().await;
    let ring = world.vault.ring();
    let mut row_keys = HashSet::new();
    let mut sealing = HashSet::new();
    let mut nonces = HashSet::new();
    let mut data_keys = HashSet::new();
    let making = (0..TOKENS).map(|_| async {
        let metadata = Metadata::string();
        let new = world.vault.create_token(Some(&metadata), None).await;
        let new = new.unwrap();
        world.upload(&new, &[7; 20_000]).await;
        new
    });
    for new in join_all(making).await {
        let value = rows::value::address(&ring, &new.token);
        for place in [
            rows::token::address(&ring, &new.token),
            rows::upload::address(&ring, new.upload),
            value,
        ] {
            let row = world.store.row(place).await.unwrap();
            let (version, rest) = row.value[1..].split_at(4);
            assert_eq!(version, 1_u32.to_be_bytes());
            let label = Purpose::Row(place.table).label();
            let info: [&[u8]; 2] = [b"lunadefend-row-1", label];
            let key = hkdf_sha256(ring.wrapping(1).unwrap(), &rest[..16], &info);
            assert!(row_keys.insert(place.key));
            assert!(sealing.insert(*key), "every row has its own key");
            assert!(nonces.insert(rest[16..28].to_vec()));
        }
        let row = world.store.row(value).await.unwrap();
        let ValueRow::Blob(BlobValue { key, .. }) = ring.open_row(&value, &row).unwrap() else {
            panic!("a small value");
        };
        assert!(
            data_keys.insert((key.secret.to_vec(), key.prefix)),
            "every value has its own key and prefix"
        );
    }
    assert_eq!(row_keys.len(), 3 * TOKENS);
    assert_eq!(data_keys.len(), TOKENS);
    let chunks = world.store.chunks().await;
    assert_eq!(chunks.len(), TOKENS);
    let mut ciphertexts = HashSet::new();
    for at in chunks {
        assert!(ciphertexts.insert(world.store.chunk(at).await));
    }
}

#[test]
fn every_attempt_has_its_own_key() {
    let generated = |_| {
        let key = ChunkKey::generate(1).unwrap();
        (key.secret.to_vec(), key.prefix)
    };
    let (keys, prefixes): (HashSet<_>, HashSet<_>) = (0..1_000).map(generated).unzip();
    assert_eq!((keys.len(), prefixes.len()), (1_000, 1_000));
}

#[tokio::test]
async fn a_chunk_opens_at_its_own_place_only() {
    let world = World::new().await;
    let ring = world.vault.ring();
    let place = rows::value::address(&ring, &some_token());
    let generate = || ChunkCipher::new(&place, ChunkKey::generate(1).unwrap());
    let cipher = generate();
    let mut sealed = HashSet::new();
    for index in [0, 1, 2, 255, 256, u32::MAX] {
        for last in [false, true] {
            let chunk = cipher.seal(index, last, b"chunk".to_vec().into()).unwrap();
            let chunk = Bytes::from(chunk);
            let opened = cipher.open(index, last, chunk.clone()).unwrap();
            assert_eq!(opened.as_ref(), b"chunk");
            assert!(cipher.open(index, !last, chunk.clone()).is_err());
            assert!(cipher.open(index ^ 1, last, chunk.clone()).is_err());
            let other = generate();
            assert!(other.open(index, last, chunk.clone()).is_err());
            assert!(sealed.insert(chunk));
        }
    }
}

/// Also when the key is the same: the data key alone does not make a chunk another token's.
#[tokio::test]
async fn a_chunk_is_bound_to_its_token_and_key_version() {
    let world = World::new().await;
    let ring = world.vault.ring();
    let place = rows::value::address(&ring, &some_token());
    let key = ChunkKey::generate(1).unwrap();
    let chunk = ChunkCipher::new(&place, key.clone()).seal(0, true, b"x".to_vec().into());
    let chunk = Bytes::from(chunk.unwrap());
    let same = ChunkCipher::new(&place, key.clone());
    assert!(same.open(0, true, chunk.clone()).is_ok());

    let upper = some_token().expose_id().to_uppercase();
    let other = TokenId::parse(&upper.replace("LUNASEC", "lunasec")).unwrap();
    let other = rows::value::address(&ring, &other);
    let moved = ChunkCipher::new(&other, key.clone());
    assert!(moved.open(0, true, chunk.clone()).is_err());
    let version = ChunkCipher::new(&place, ChunkKey { version: 2, ..key });
    assert!(version.open(0, true, chunk.clone()).is_err());
}

#[tokio::test]
async fn two_stores_share_nothing() {
    let (one, other) = (World::new().await, World::new().await);
    let place = |world: &World| rows::token::address(&world.vault.ring(), &some_token()).key;
    assert_ne!(place(&one), place(&other));
    assert_ne!(
        one.vault.ring().url().tag(&[b"x"]),
        other.vault.ring().url().tag(&[b"x"])
    );
    assert_ne!(
        one.vault.ring().wrapping(1).unwrap(),
        other.vault.ring().wrapping(1).unwrap()
    );
}

#[test]
fn no_two_purposes_have_one_label() {
    let rows = Table::ALL.into_iter().map(Purpose::Row);
    let others = [Purpose::GrantTag, Purpose::State, Purpose::Url];
    let all: Vec<_> = rows.chain(others).collect();
    let labels: HashSet<_> = all.iter().map(|purpose| purpose.label()).collect();
    assert_eq!(labels.len(), all.len());
}

proptest! {
    /// Different identifiers have different keys, also when their bytes are the same in a row:
    /// ("a", "bc") is not ("ab", "c").
    #[test]
    fn identifiers_are_kept_apart(
        bytes in prop::collection::vec(any::<u8>(), 1..40),
        one in any::<prop::sample::Index>(),
        other in any::<prop::sample::Index>(),
    ) {
        let ring = Ring::generate(START).unwrap();
        let key = |at: usize| {
            let (head, tail) = bytes.split_at(at);
            ring.address(Table::Grant, &[head, tail]).key
        };
        let (one, other) = (one.index(bytes.len()), other.index(bytes.len()));
        prop_assert_eq!(key(one) == key(other), one == other);
    }

    #[test]
    fn one_identifier_for_two_purposes_has_two_keys(id: Vec<u8>) {
        let ring = Ring::generate(START).unwrap();
        let keys = Table::ALL.map(|table| ring.address(table, &[&id]).key);
        prop_assert_eq!(keys.iter().collect::<HashSet<_>>().len(), keys.len());
    }
}
