//! The list of deletions: durable before anything is deleted, or nothing is.

use super::{
    backups::bytes,
    restored::{found_wrong, restored_from},
    *,
};
use std::fs;

async fn listed(world: &World, path: &std::path::Path) -> Vec<bool> {
    let text = fs::read_to_string(path).unwrap();
    let ring = world.vault.ring();
    let lines = text.lines();
    lines
        .map(|line| crate::deletions::Deletion::read(line, &ring).is_some())
        .collect()
}

#[tokio::test]
async fn nothing_is_deleted_that_cannot_be_listed() {
    let world = World::new().await;
    let token = world.token(b"value").await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deletions");
    fs::write(&path, "").unwrap();
    // A disk that takes nothing: a file that is open for reading only.
    let list = DeletionList::start(fs::File::open(&path).unwrap(), 0).unwrap();
    let vault = world.vault.clone().with_deletions(list);
    let refused = vault
        .delete_tokens(std::slice::from_ref(&token), later(60_000))
        .await;
    assert!(matches!(refused, Err(VaultError::NotListed(_))));
    assert_eq!(world.read(&token).await.unwrap(), b"value");

    // And what the store refuses to delete is in the list.
    let list = DeletionList::open(&path).unwrap();
    let vault = world.vault.clone().with_deletions(list);
    world.store.plan(Operation::Write, 0, Fault::Before);
    let failed = vault
        .delete_tokens(std::slice::from_ref(&token), later(60_000))
        .await;
    assert!(failed.is_err());
    assert_eq!(listed(&world, &path).await, [true]);
}

#[tokio::test]
async fn a_list_is_whole_after_a_crash_and_has_one_writer() {
    let world = World::new().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deletions");
    let delete = async |list: DeletionList, count: usize| {
        let vault = world.vault.clone().with_deletions(list);
        let tokens: Vec<_> = (0..count)
            .map(|number| {
                let text = format!("lunasec-0a1b2c3d-1111-4222-8333-{number:012}");
                TokenId::parse(&text).unwrap()
            })
            .collect();
        vault.delete_tokens(&tokens, later(60_000)).await.unwrap();
    };
    let list = DeletionList::open(&path).unwrap();
    let second = DeletionList::open(&path);
    assert!(matches!(second, Err(DeletionListError::InUse { .. })));
    delete(list, 3).await;
    let whole = fs::read_to_string(&path).unwrap();
    assert!(
        whole
            .lines()
            .all(|line| (line.len() as u64) < crate::deletions::MAX_LINE)
    );

    // The thread of the list ends a moment after its last handle.
    let reopen = || loop {
        match DeletionList::open(&path) {
            Err(DeletionListError::InUse { .. }) => std::thread::yield_now(),
            opened => break opened.unwrap(),
        }
    };
    drop(reopen());
    // A crash cut the next line off.
    for cut in [1, 40, whole.len() / 3 - 1] {
        fs::write(&path, format!("{whole}{}", &whole[..cut])).unwrap();
        delete(reopen(), 1).await;
        assert_eq!(listed(&world, &path).await, [true; 4], "{cut}");
        fs::write(&path, &whole[..cut]).unwrap();
        delete(reopen(), 2).await;
        assert_eq!(listed(&world, &path).await, [true; 2], "{cut}");
    }
    // Another file is not touched.
    let other = folder.path().join("other");
    for text in ["a file of another program", &"x".repeat(5_000)] {
        fs::write(&other, text).unwrap();
        let opened = DeletionList::open(&other);
        assert!(matches!(opened, Err(DeletionListError::NotAList { .. })));
        assert_eq!(fs::read_to_string(&other).unwrap(), text);
    }
    let nowhere = DeletionList::open(&folder.path().join("no/such"));
    assert!(matches!(nowhere, Err(DeletionListError::File { .. })));
}

#[tokio::test]
async fn a_list_that_is_damaged_or_of_another_store_is_refused() {
    let world = World::new().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deletions");
    let token = world.token(b"value").await;
    let vault = world.vault.clone();
    let vault = vault.with_deletions(DeletionList::open(&path).unwrap());
    vault.delete_tokens(&[token], later(60_000)).await.unwrap();
    let good = fs::read_to_string(&path).unwrap();
    let fence = async |world: &World, text: &str| {
        let path = folder.path().join("given");
        fs::write(&path, text).unwrap();
        let masters = MasterKeys::from(&world.master);
        restored(&*world.store, &masters, &[path], &world.clock).await
    };
    for at in 0..good.len() - 1 {
        let mut damaged = good.clone().into_bytes();
        damaged[at] ^= 1;
        let damaged = String::from_utf8(damaged).unwrap();
        let refused = fence(&world, &format!("{good}{damaged}")).await;
        assert!(
            matches!(refused, Err(RestoreError::Line { line: 2, .. })),
            "{at}"
        );
        // It is said before anything is changed.
        assert!(world.store.row(store::copy_mark()).await.is_none());
    }
    for other in ["\n", "x\n", &"1 ".repeat(600)] {
        let refused = fence(&world, other).await;
        assert!(matches!(refused, Err(RestoreError::Line { line: 1, .. })));
    }
    let elsewhere = fence(&World::new().await, &good).await;
    assert!(matches!(elsewhere, Err(RestoreError::Line { line: 1, .. })));
    let missing = [folder.path().join("no list")];
    let masters = MasterKeys::from(&world.master);
    let refused = restored(&*world.store, &masters, &missing, &world.clock).await;
    assert!(matches!(refused, Err(RestoreError::List { .. })));
    // A line that was cut off was never acknowledged.
    let done = fence(&world, &format!("{good}{}", &good[..30])).await;
    assert_eq!(done.unwrap().deletions, 1);
}

#[tokio::test]
async fn a_token_deleted_after_the_backup_stays_deleted_by_the_list() {
    let world = World::new().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deletions");
    let list = DeletionList::open(&path).unwrap();
    let vault = world.vault.clone().with_deletions(list);
    let long = vec![7; 100_000];
    let tokens = [
        world.token(b"small").await,
        world.token(&long).await,
        world.token(b"stays").await,
    ];
    let backup = bytes(&world.vault).await;
    let late = world.token(b"late").await;
    let until = later(7_200_000);
    vault.delete_tokens(&tokens[..2], until).await.unwrap();
    // Unknown to the backup, and one again.
    vault
        .delete_tokens(&[late.clone(), tokens[0].clone()], until)
        .await
        .unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().count(), 4);
    assert!(!text.contains("lunasec-"));

    let (without, _) = restored_from(&world, &backup, &[]).await;
    assert_eq!(without.read(&tokens[0]).await.unwrap(), b"small");
    let (there, done) = restored_from(&world, &backup, std::slice::from_ref(&path)).await;
    assert_eq!(done.deletions, 4);
    let ann = session("ann");
    for token in tokens[..2].iter().chain([&late]) {
        there.vault.grant(&ann, token, later(60_000)).await.unwrap();
        assert!(
            there
                .vault
                .grant_expiry(&ann, token)
                .await
                .unwrap()
                .is_none()
        );
        let issued = there.vault.issue_download(&ann, token, later(60_000)).await;
        assert!(issued.unwrap().is_none());
    }
    assert_eq!(there.read(&tokens[2]).await.unwrap(), b"stays");
    assert!(there.store.blobs().await.is_empty());
    let (_, findings) = found_wrong(&*there.store, &there.master).await;
    assert_eq!(findings, [""; 0]);

    // After the time for which it is remembered, only what the backup has is deleted.
    world.clock.set(until);
    let (there, _) = restored_from(&world, &backup, &[path]).await;
    assert_eq!(there.store.rows(Table::Token).await.len(), 3);
    assert!(there.store.blobs().await.is_empty());
}

proptest::proptest! {
    /// Only what was written for this store is read.
    #[test]
    fn no_other_line_is_a_deletion(line in "1( [0-9]{1,20}){0,3}( [0-9a-f]{64}){0,5}|.*") {
        let ring = Ring::generate(START).unwrap();
        proptest::prop_assert!(crate::deletions::Deletion::read(&line, &ring).is_none());
    }
}
