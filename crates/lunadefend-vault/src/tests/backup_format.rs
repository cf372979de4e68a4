//! Backups and lists of deletions of every form that was ever written can be restored.
//!
//! `fixtures` has one of each form, with its master key. Another form of either adds one, and changes none: count the
//! number up, and make it with `cargo test -p lunadefend-vault --lib backup_format -- --ignored`.

use super::{backups::bytes, *};
use std::{fs, path::Path, path::PathBuf};

/// What the fixture is named after that is made now.
const NEWEST: u32 = 1;

fn fixture(number: u32, ending: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tests/fixtures");
    folder.join(format!("backup-{number}.{ending}"))
}

fn long() -> Vec<u8> {
    (0..70_000_u32).map(|at| (at * 31 % 251) as u8).collect()
}

#[tokio::test]
#[ignore = "makes the fixture of a new form"]
async fn make_the_fixture() {
    let at = |ending| fixture(NEWEST, ending);
    assert!(!at("backup").exists(), "it is there already");
    let store = Arc::new(TestStore::new(MemoryStore::default()));
    let clock = at_start();
    let (master, text) = MasterKey::generate().unwrap();
    let vault = Vault::open(store.clone(), &master, Arc::new(clock.clone()));
    let world = World {
        vault: vault.await.unwrap(),
        store,
        clock,
        next_master: master.clone(),
        master,
    };
    let (small, large) = (
        world.token(b"078-05-1120").await,
        world.token(&long()).await,
    );
    let gone = world.token(b"deleted later").await;
    fs::write(at("backup"), bytes(&world.vault).await).unwrap();
    let list = DeletionList::open(&at("deletions")).unwrap();
    let vault = world.vault.clone().with_deletions(list);
    vault
        .delete_tokens(std::slice::from_ref(&gone), later(60_000))
        .await
        .unwrap();
    let tokens = [&small, &large, &gone].map(TokenId::expose_id);
    fs::write(at("txt"), tokens.join("\n")).unwrap();
    fs::write(at("key"), text.expose_secret()).unwrap();
}

#[tokio::test]
async fn every_form_can_be_restored() {
    for number in 1..=NEWEST {
        let at = |ending| fixture(number, ending);
        let key = SecretValue::new(fs::read(at("key")).unwrap());
        let master = MasterKey::from_secret(&key, "fixture").unwrap();
        let tokens = fs::read_to_string(at("txt")).unwrap();
        let tokens: Vec<_> = tokens
            .lines()
            .map(|id| TokenId::parse(id).unwrap())
            .collect();
        let backup = BackupFile::open(&at("backup")).unwrap();
        assert_eq!(backup.manifest().made_at, START);
        let (store, clock) = (Arc::new(TestStore::new(MemoryStore::default())), at_start());
        let masters = MasterKeys::from(&master);
        let lists = [at("deletions")];
        let done = restore(&backup, &*store, &masters, &lists, &clock, |_| {}).await;
        assert_eq!(done.unwrap().deletions, 1);
        let vault = Vault::open(store.clone(), &master, Arc::new(clock.clone()));
        let there = World {
            vault: vault.await.unwrap(),
            store,
            clock,
            next_master: master.clone(),
            master,
        };
        assert_eq!(there.read(&tokens[0]).await.unwrap(), b"078-05-1120");
        assert_eq!(there.read(&tokens[1]).await.unwrap(), long());
        let ann = session("ann");
        there
            .vault
            .grant(&ann, &tokens[2], later(60_000))
            .await
            .unwrap();
        assert!(
            there
                .vault
                .grant_expiry(&ann, &tokens[2])
                .await
                .unwrap()
                .is_none()
        );
    }
}
