//! An attacker who can write to the store can break it, and nothing more: a change is an error, never other
//! plaintext, another owner or a longer life.

use super::*;
use lunadefend_crypto::base64url_decode;
use rows::{
    download, grant,
    token::{self, Epoch},
    upload, value,
};

/// One row of each kind, and the tokens and identifiers to read them by.
struct Kept {
    world: Arc<World>,
    token: TokenId,
    open: NewToken,
    handle: SessionHandle,
    issued: IssuedDownload,
}

impl Kept {
    async fn new() -> Self {
        Self::of(Arc::new(World::new().await), b"jti").await
    }

    async fn of(world: Arc<World>, jti: &[u8]) -> Self {
        let ann = session("ann");
        let until = later(10_000);
        let new = world
            .vault
            .create_token(Some(&metadata(r#"{"a":"b"}"#)), Some((&ann, until)))
            .await
            .unwrap();
        world.upload(&new, b"a short value").await;
        let open = world.vault.create_token(None, None).await.unwrap();
        let (_, state) = issue_state(&world.vault, "main");
        let handle = world
            .vault
            .create_session(&state, jti, until, &ann)
            .await
            .unwrap()
            .handle()
            .unwrap();
        let issued = world
            .vault
            .issue_download(&ann, &new.token, until)
            .await
            .unwrap()
            .unwrap();
        Self {
            world,
            token: new.token,
            open,
            handle,
            issued,
        }
    }

    /// Uses the row of that table; `Err` must be all that comes of a changed one.
    async fn read(&self, table: Table) -> Result<bool, VaultError> {
        let vault = &self.world.vault;
        let found = match table {
            Table::Token => vault.metadata(&self.token).await?.is_some(),
            Table::Value | Table::Download => {
                let download = vault.open_download(&self.issued.download).await?;
                let Some(mut download) = download else {
                    return Ok(false);
                };
                let chunk = download.next_chunk().await?.unwrap();
                assert_eq!(chunk, b"a short value".as_slice());
                true
            }
            Table::Grant => {
                let expiry = vault.grant_expiry(&session("ann"), &self.token).await?;
                assert_ne!(expiry, Some(later(1_000_000)));
                expiry.is_some()
            }
            Table::Session => vault.session(self.handle.expose_secret()).await?.is_some(),
            Table::Upload => match vault.begin_upload(&self.open.upload, MAX).await {
                Ok(upload) => {
                    upload.abort().await?;
                    true
                }
                Err(UploadError::Vault(error)) => return Err(error),
                Err(_) => false,
            },
            _ => unreachable!("not a table with content"),
        };
        Ok(found)
    }

    fn place(&self, table: Table) -> RowAddress {
        let ring = self.world.vault.ring();
        let ann = session("ann");
        match table {
            Table::Token => token::address(&ring, &self.token),
            Table::Value => value::address(&ring, &self.token),
            Table::Grant => grant::address(&ring, &ann, &self.token, Epoch::FIRST),
            Table::Upload => upload::address(&ring, self.open.upload),
            Table::Download => download::address(&ring, self.issued.download),
            _ => {
                let handle = base64url_decode(self.handle.expose_secret()).unwrap();
                rows::session::address(&ring, &handle)
            }
        }
    }
}

const SEALED: [Table; 6] = [
    Table::Token,
    Table::Value,
    Table::Grant,
    Table::Session,
    Table::Upload,
    Table::Download,
];

#[tokio::test]
async fn every_flipped_byte_of_every_row_is_noticed() {
    let kept = Kept::new().await;
    for table in SEALED {
        assert!(kept.read(table).await.unwrap(), "{table:?} reads");
        let place = kept.place(table);
        let row = kept.world.store.row(place).await.unwrap();
        for at in 0..row.value.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut value = row.value.to_vec();
                value[at] ^= flip;
                let changed = Row {
                    value: value.into(),
                    ..row.clone()
                };
                kept.world.store.put(place, changed).await;
                let result = kept.read(table).await;
                assert!(result.is_err(), "{table:?} at {at}: {result:?}");
            }
        }
        for length in 0..row.value.len() {
            let changed = Row {
                value: row.value.slice(..length),
                ..row.clone()
            };
            kept.world.store.put(place, changed).await;
            assert!(kept.read(table).await.is_err(), "{table:?} cut");
        }
        kept.world.store.put(place, row).await;
        assert!(kept.read(table).await.unwrap(), "{table:?} reads again");
    }
}

#[tokio::test]
async fn no_row_can_be_given_a_longer_life() {
    let kept = Kept::new().await;
    for table in SEALED {
        let place = kept.place(table);
        let row = kept.world.store.row(place).await.unwrap();
        for expires_at in [
            None,
            Some(later(1_000_000)),
            row.expires_at.map(|at| at + Duration::from_millis(1)),
            row.expires_at.map(|at| UnixMillis::new(at.get() ^ 0x100)),
        ] {
            if expires_at == row.expires_at {
                continue;
            }
            let value = row.value.clone();
            let changed = Row { value, expires_at };
            kept.world.store.put(place, changed).await;
            let result = kept.read(table).await;
            assert!(!matches!(result, Ok(true)), "{table:?}: {expires_at:?}");
        }
        kept.world.store.put(place, row).await;
    }
}

#[tokio::test]
async fn rows_cannot_be_exchanged() {
    let kept = Kept::new().await;
    // All made at the same time, so that also the expiries are the same.
    let twin = Kept::of(Arc::clone(&kept.world), b"twin").await;
    let stranger = Kept::new().await;
    for table in SEALED {
        let place = kept.place(table);
        let own = kept.world.store.row(place).await.unwrap();
        for foreign in SEALED {
            for owner in [&kept, &twin, &stranger] {
                let from = owner.place(foreign);
                if from == place {
                    continue;
                }
                let row = owner.world.store.row(from).await.unwrap();
                kept.world.store.put(place, row).await;
                let result = kept.read(table).await;
                assert!(result.is_err(), "{foreign:?} as {table:?}: {result:?}");
            }
        }
        kept.world.store.put(place, own).await;
        assert!(kept.read(table).await.unwrap());
    }
}

#[tokio::test]
async fn two_tokens_cannot_be_exchanged() {
    let world = World::new().await;
    let (one, two) = (world.token(b"one").await, world.token(b"two").await);
    let ring = world.vault.ring();
    let places = [value::address(&ring, &one), value::address(&ring, &two)];
    let rows = [
        world.store.row(places[0]).await.unwrap(),
        world.store.row(places[1]).await.unwrap(),
    ];
    world.store.put(places[0], rows[1].clone()).await;
    assert!(matches!(world.read(&one).await, Err(VaultError::Corrupt)));
    assert_eq!(world.read(&two).await.unwrap(), b"two");
}

/// A grant of one session cannot be made one of another by moving its row.
#[tokio::test]
async fn a_moved_grant_is_an_error() {
    let world = World::new().await;
    let (ann, bob) = (session("ann"), session("bob"));
    let ring = world.vault.ring();
    let token = some_token();
    world.vault.grant(&ann, &token, later(10)).await.unwrap();
    let from = grant::address(&ring, &ann, &token, Epoch::FIRST);
    let to = grant::address(&ring, &bob, &token, Epoch::FIRST);
    let row = world.store.row(from).await.unwrap();
    world.store.put(to, row).await;
    let result = world.vault.grant_expiry(&bob, &token).await;
    assert!(matches!(result, Err(VaultError::Corrupt)));
}

#[tokio::test]
async fn every_flipped_byte_of_a_chunk_is_noticed() {
    let world = World::new().await;
    let token = world.token(b"a value of some bytes").await;
    let at = world.store.chunks().await[0];
    let chunk = world.store.chunk(at).await;
    for position in 0..chunk.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut changed = chunk.to_vec();
            changed[position] ^= flip;
            world.store.set_chunk(at, changed).await;
            assert!(matches!(world.read(&token).await, Err(VaultError::Corrupt)));
        }
    }
    for length in 0..chunk.len() {
        world.store.set_chunk(at, chunk.slice(..length)).await;
        assert!(matches!(world.read(&token).await, Err(VaultError::Corrupt)));
    }
    world.store.set_chunk(at, chunk).await;
    assert_eq!(world.read(&token).await.unwrap(), b"a value of some bytes");
}

#[tokio::test]
async fn chunks_cannot_be_moved_left_out_or_taken_from_another_value() {
    let world = World::new().await;
    let length = 3 * stream::CHUNK_SIZE as usize;
    let one = world.token(&vec![1; length]).await;
    let of_one = world.store.chunks().await;
    let two = world.token(&vec![2; length]).await;
    let all = world.store.chunks().await;
    let of_two: Vec<_> = all.into_iter().filter(|at| !of_one.contains(at)).collect();
    assert_eq!((of_one.len(), of_two.len()), (3, 3));

    let mut originals = Vec::new();
    for at in &of_one {
        originals.push(world.store.chunk(*at).await);
    }
    for (index, at) in of_one.iter().enumerate() {
        // Another value's chunk of the same index, and this value's others.
        let mut strangers = vec![world.store.chunk(of_two[index]).await];
        strangers.extend(
            (0..3)
                .filter(|other| *other != index)
                .map(|other| originals[other].clone()),
        );
        for stranger in strangers {
            world.store.set_chunk(*at, stranger).await;
            assert!(matches!(world.read(&one).await, Err(VaultError::Corrupt)));
        }
        world.store.set_chunk(*at, originals[index].clone()).await;
    }
    assert!(world.read(&one).await.unwrap() == vec![1; length]);
    assert!(world.read(&two).await.unwrap() == vec![2; length]);

    // Cut short: the blob again without its last chunk, then without any.
    let blob = of_one[0].0;
    for kept in [2, 0] {
        let parts = originals[..kept].to_vec();
        world.store.set_parts(blob, parts).await;
        assert!(matches!(world.read(&one).await, Err(VaultError::Corrupt)));
    }
}

#[tokio::test]
async fn a_download_does_not_go_on_after_an_error() {
    let world = World::new().await;
    let token = world.token(&vec![1; 3 * stream::CHUNK_SIZE as usize]).await;
    let at = world.store.chunks().await[1];
    let chunk = world.store.chunk(at).await;
    world.store.set_chunk(at, "damaged").await;
    let ann = session("ann");
    world.vault.grant(&ann, &token, later(10)).await.unwrap();
    let issued = world.vault.issue_download(&ann, &token, later(10)).await;
    let issued = issued.unwrap().unwrap();
    let download = world.vault.open_download(&issued.download).await;
    let mut download = download.unwrap().unwrap();
    assert!(download.next_chunk().await.unwrap().is_some());
    assert!(download.next_chunk().await.is_err());
    world.store.set_chunk(at, chunk).await;
    assert!(download.next_chunk().await.is_err());
}
