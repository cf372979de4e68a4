//! A backup of a file is restored into PostgreSQL, and a store there is fenced in place.

use crate::Shared;
use lunadefend_core::{
    SessionId,
    provider::{Clock, SecretValue, TokenId},
    wire::InlineValue,
};
use lunadefend_jwt::SystemClock;
use lunadefend_vault::{
    BackupFile, DeletionList, MasterKey, MasterKeys, Tokenization, Tokenized, Vault, check,
    restore, restored,
    store::{Store, Table},
};
use lunadefend_vault_redb::EmbeddedStore;
use std::{fs, sync::Arc, time::Duration};

const LONG: usize = 200_000;
const HOUR: Duration = Duration::from_secs(60 * 60);

async fn small(vault: &Vault, value: &str) -> TokenId {
    let value = InlineValue::new(SecretValue::new(value)).unwrap();
    let asked = Tokenization {
        value: Some(&value),
        ..Tokenization::default()
    };
    match vault.tokenize(&asked).await.unwrap() {
        Tokenized::Stored(token) => token,
        Tokenized::Waiting(new) => panic!("waits for its value: {new:?}"),
    }
}

/// The value of a token that is granted anew; `None` when it is refused.
async fn value(vault: &Vault, token: &TokenId) -> Option<Vec<u8>> {
    let ann = SessionId::new("ann").unwrap();
    let until = SystemClock.unix_millis() + HOUR;
    vault.grant(&ann, token, until).await.unwrap();
    let ticket = vault.issue_download(&ann, token, until).await.unwrap()?;
    let mut download = vault.open_download(&ticket).await.unwrap()?;
    let mut value = Vec::new();
    while let Some(chunk) = download.next_chunk().await.unwrap() {
        value.extend_from_slice(&chunk);
    }
    Some(value)
}

async fn finds_nothing(store: &dyn Store, masters: &MasterKeys) {
    let mut findings = Vec::new();
    let checked = check(store, masters, |finding| findings.push(finding.to_string()));
    assert_eq!(checked.await.unwrap().findings, 0, "{findings:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_restored_and_a_store_fenced() {
    let Some(shared) = Shared::start().await else {
        return;
    };
    let clock = Arc::new(SystemClock);
    let (master, _) = MasterKey::generate().unwrap();
    let masters = MasterKeys::from(&master);
    let source = Arc::new(EmbeddedStore::in_memory().unwrap());
    let vault = Vault::open(source, &master, clock.clone()).await.unwrap();
    let (kept, gone) = (small(&vault, "kept").await, small(&vault, "gone").await);
    let new = vault.create_token(None, None).await.unwrap();
    let mut upload = vault.begin_upload(&new.upload, LONG as u64).await.unwrap();
    upload.write(vec![7; LONG].into()).await.unwrap();
    upload.commit().await.unwrap();
    assert_eq!(value(&vault, &kept).await.unwrap(), b"kept");

    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let mut backup = vault.backup().await.unwrap().unwrap();
    let mut bytes = Vec::new();
    while let Some(block) = backup.next_block().await.unwrap() {
        bytes.extend_from_slice(&block);
    }
    fs::write(at("backup"), bytes).unwrap();
    let listing = vault.with_deletions(DeletionList::open(&at("first")).unwrap());
    let deleted = listing.delete_tokens(
        std::slice::from_ref(&gone),
        SystemClock.unix_millis() + HOUR,
    );
    deleted.await.unwrap();

    let store = shared.open().await;
    let backup = BackupFile::open(&at("backup")).unwrap();
    let done = restore(
        &backup,
        &*store,
        &masters,
        &[at("first")],
        &SystemClock,
        |_| {},
    )
    .await;
    assert_eq!(done.unwrap().deletions, 1);
    finds_nothing(&*store, &masters).await;
    let vault = Vault::open(store.clone(), &master, clock.clone())
        .await
        .unwrap();
    let first_time = vault.restored_at().unwrap();
    assert_eq!(value(&vault, &gone).await, None);
    assert_eq!(value(&vault, &kept).await.unwrap(), b"kept");
    assert_eq!(value(&vault, &new.token).await.unwrap(), vec![7; LONG]);
    // The store has no backup of ours.
    assert!(vault.backup().await.unwrap().is_none());

    // In place, with what the list says meanwhile.
    let listing = vault.with_deletions(DeletionList::open(&at("second")).unwrap());
    let other = small(&listing, "other").await;
    let until = SystemClock.unix_millis() + HOUR;
    listing
        .delete_tokens(std::slice::from_ref(&new.token), until)
        .await
        .unwrap();
    let lists = [at("first"), at("second")];
    let done = restored(&*store, &masters, &lists, &SystemClock)
        .await
        .unwrap();
    assert_eq!((done.deletions, done.dropped), (2, 2));
    assert!(store.scan(Table::Grant, None, 1).await.unwrap().is_empty());
    finds_nothing(&*store, &masters).await;
    let vault = Vault::open(store, &master, clock).await.unwrap();
    assert!(vault.restored_at().unwrap() >= first_time);
    assert_eq!(value(&vault, &new.token).await, None);
    assert_eq!(value(&vault, &other).await.unwrap(), b"other");
}
