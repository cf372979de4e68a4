//! Backups: what is in the file, and that a changed one is refused.

use super::*;
use crate::store::copy;
use lunadefend_crypto::sha256;
use proptest::prelude::*;
use std::path::PathBuf;

/// Longer than a row holds: a value in parts.
const LONG: usize = 200 * 1024;

/// The bytes of a backup of this moment.
pub(super) async fn bytes(vault: &Vault) -> Vec<u8> {
    let mut backup = vault.backup().await.unwrap().unwrap();
    let mut bytes = Vec::new();
    while let Some(block) = backup.next_block().await.unwrap() {
        bytes.extend_from_slice(&block);
    }
    bytes
}

/// A file with these bytes.
pub(super) struct OnDisk {
    folder: tempfile::TempDir,
}

impl OnDisk {
    pub(super) fn new(bytes: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let disk = Self { folder };
        std::fs::write(disk.path(), bytes).unwrap();
        disk
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.path().join("backup")
    }

    pub(super) fn open(&self) -> Result<BackupFile, BackupError> {
        BackupFile::open(&self.path())
    }
}

async fn filled(tokens: u8, long: usize) -> (World, Vec<(TokenId, Vec<u8>)>) {
    let world = World::new().await;
    let mut values = Vec::new();
    for number in 0..tokens {
        let length = if usize::from(number) < long { LONG } else { 20 };
        let value = vec![number; length];
        values.push((world.token(&value).await, value));
    }
    (world, values)
}

/// The blocks of a backup: kind and content.
fn blocks(bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut rest = &bytes[20..];
    let mut blocks = Vec::new();
    while !rest.is_empty() {
        let length = u32::from_be_bytes(rest[1..5].try_into().unwrap()) as usize;
        blocks.push((rest[0], rest[37..37 + length].to_vec()));
        rest = &rest[37 + length..];
    }
    blocks
}

/// A file of such blocks, with right checksums.
fn of_blocks(blocks: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = b"lunadefend backup 1\n".to_vec();
    let mut digest = sha256(&bytes);
    for (kind, content) in blocks {
        let length = (content.len() as u32).to_be_bytes();
        digest = sha256(&[&digest[..], &[*kind], &length, content].concat());
        bytes.extend_from_slice(&[&[*kind], &length[..], &digest, content].concat());
    }
    bytes
}

#[tokio::test]
async fn a_backup_holds_every_row_and_value_and_no_master_key() {
    let (world, values) = filled(130, 7).await;
    let bytes = bytes(&world.vault).await;
    let master = world.master.expose_secret();
    assert!(!bytes.windows(master.len()).any(|some| some == master));
    assert!(!bytes.windows(20).any(|some| some == values[100].1));
    let disk = OnDisk::new(&bytes);
    let backup = disk.open().unwrap();
    assert!(!format!("{backup:?}").contains("RowKey("));

    // As a store it has what the store had; a copy compares all of it.
    let target = MemoryStore::default();
    let done = copy(&backup, &target, |_| {}).await.unwrap();
    let manifest = backup.manifest();
    assert_eq!(done.rows + 1, manifest.rows.values().sum::<u64>());
    assert_eq!((done.values, manifest.parts), (7, 7 * 4));
    assert_eq!(manifest.rows[&Table::Token], 130);
    assert_eq!(manifest.wrapping_keys, [1]);
    assert_eq!(manifest.made_at, START);
    let again = copy(&*world.store, &target, |_| {}).await;
    assert!(matches!(again, Err(store::CopyError::Occupied)));
    let vault = Vault::open(
        Arc::new(target),
        &world.master,
        Arc::new(world.clock.clone()),
    );
    let there = World {
        vault: vault.await.unwrap(),
        ..world
    };
    for (token, value) in &values {
        assert_eq!(there.read(token).await.unwrap(), *value);
    }
}

#[tokio::test]
async fn a_backup_is_of_one_moment() {
    let (world, values) = filled(5, 2).await;
    let mut backup = world.vault.backup().await.unwrap().unwrap();
    let mut bytes = backup.next_block().await.unwrap().unwrap().to_vec();
    let late = world.token(b"late").await;
    let first = values[0].0.clone();
    let deleted = world.vault.delete_tokens(&[first], later(1)).await;
    deleted.unwrap();
    while let Some(block) = backup.next_block().await.unwrap() {
        bytes.extend_from_slice(&block);
    }
    let disk = OnDisk::new(&bytes);
    let backup = disk.open().unwrap();
    let held = |token: &TokenId| rows::value::address(&world.vault.ring(), token);
    let at = [held(&values[0].0), held(&values[1].0), held(&late)];
    let found = backup.get_many(&at).await.unwrap();
    assert_eq!(found.map_some(), [true, true, false]);
    assert_eq!(backup.manifest().rows[&Table::Token], 5);
}

trait MapSome {
    fn map_some(&self) -> Vec<bool>;
}

impl<T> MapSome for Vec<Option<T>> {
    fn map_some(&self) -> Vec<bool> {
        self.iter().map(Option::is_some).collect()
    }
}

#[tokio::test]
async fn a_backup_with_right_checksums_is_refused_when_its_store_did_not_make_it() {
    let (world, _) = filled(3, 0).await;
    world
        .vault
        .end_session(&session("ann"), later(60_000))
        .await
        .unwrap();
    let bytes = bytes(&world.vault).await;
    let good = blocks(&bytes);
    assert_eq!(of_blocks(&good), bytes);
    // A row of an ended session is given another key: no seal protects it.
    let mut forged = good.clone();
    let ended = forged
        .iter_mut()
        .find(|(kind, content)| *kind == 1 && content[0] == Table::EndedSession.code());
    ended.unwrap().1[1] ^= 1;
    let disk = OnDisk::new(&of_blocks(&forged));
    let backup = disk.open().unwrap();
    let target = MemoryStore::default();
    let masters = MasterKeys::from(&world.master);
    let restored = restore(&backup, &target, &masters, &[], &world.clock, |_| {}).await;
    assert!(matches!(restored, Err(RestoreError::Forged)));
    assert!(
        target
            .scan(Table::KeyRing, None, 1)
            .await
            .unwrap()
            .is_empty()
    );

    // What the manifest counts must be there; order and keys are looked at.
    let mut fewer = good.clone();
    fewer.remove(2);
    let mut swapped = good.clone();
    swapped.swap(0, 1);
    let mut twice = good.clone();
    twice.insert(1, good[1].clone());
    for wrong in [fewer, swapped, twice] {
        let opened = OnDisk::new(&of_blocks(&wrong)).open();
        assert!(matches!(opened, Err(BackupError::Damaged { .. })));
    }
    // Another key of the operator.
    let disk = OnDisk::new(&bytes);
    let backup = disk.open().unwrap();
    let other = MasterKeys::from(&world.next_master);
    let restored = restore(&backup, &target, &other, &[], &world.clock, |_| {}).await;
    assert!(matches!(
        restored,
        Err(RestoreError::Vault(VaultError::WrongMasterKey))
    ));
}

#[tokio::test]
async fn what_is_no_backup_is_told_from_a_damaged_one() {
    for other in [
        &b""[..],
        b"redb\0",
        b"lunadefend",
        b"lunadefend store 1\n..",
    ] {
        let opened = OnDisk::new(other).open();
        assert!(matches!(opened, Err(BackupError::NotABackup { .. })));
    }
    let newer = OnDisk::new(b"lunadefend backup 2\n").open();
    assert!(matches!(newer, Err(BackupError::TooNew { .. })));
    let nothing = OnDisk::new(b"lunadefend backup 1\n").open();
    assert!(matches!(nothing, Err(BackupError::Damaged { at: 20, .. })));
    let missing = BackupFile::open(&PathBuf::from("/no/such/backup"));
    assert!(matches!(missing, Err(BackupError::File { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Every flipped bit, cut, and exchange of two pieces.
    #[test]
    fn a_changed_backup_is_refused(
        at in any::<prop::sample::Index>(),
        other in any::<prop::sample::Index>(),
        bit in 0..8_u32,
        piece in 1..2000_usize,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let good = runtime.block_on(async { bytes(&filled(9, 1).await.0.vault).await });
        prop_assert!(OnDisk::new(&good).open().is_ok());
        let (at, other) = (at.index(good.len()), other.index(good.len()));

        let mut flipped = good.clone();
        flipped[at] ^= 1 << bit;
        prop_assert!(OnDisk::new(&flipped).open().is_err());
        prop_assert!(OnDisk::new(&good[..at]).open().is_err());
        let mut longer = good.clone();
        longer.push(0);
        prop_assert!(OnDisk::new(&longer).open().is_err());
        let mut without = good.clone();
        without.drain(at..(at + piece).min(good.len()));
        prop_assert!(OnDisk::new(&without).open().is_err());
        let piece = piece.min(at.abs_diff(other)).min(good.len() - at.max(other));
        let mut moved = good.clone();
        for offset in 0..piece {
            moved.swap(at + offset, other + offset);
        }
        prop_assert!(moved == good || OnDisk::new(&moved).open().is_err());
    }

    /// Whatever is in it, with right checksums.
    #[test]
    fn any_blocks_are_read_or_refused(
        any in prop::collection::vec((0..5_u8, prop::collection::vec(any::<u8>(), 0..120)), 0..4),
        table in 0..20_u8,
        text in "(made-at 1\nstore x\n)?(rows token [0-9]\n)?parts 0\nbytes [0-9]\n(tag [0-9a-f]{64}\n)?",
    ) {
        let mut blocks = any;
        for (kind, content) in &mut blocks {
            if *kind == 1 && let Some(first) = content.first_mut() {
                *first = table;
            }
        }
        blocks.push((3, text.into_bytes()));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        if let Ok(backup) = OnDisk::new(&of_blocks(&blocks)).open() {
            for table in Table::ALL {
                let rows = runtime.block_on(backup.scan(table, None, 1000)).unwrap();
                let counted = backup.manifest().rows.get(&table).copied().unwrap_or(0);
                prop_assert_eq!(rows.len() as u64, counted);
            }
            runtime.block_on(backup.list(None, 1000)).unwrap();
        }
    }
}
