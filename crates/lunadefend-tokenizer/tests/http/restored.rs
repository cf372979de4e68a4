//! A tokenizer whose store was restored from a backup: what was made before is refused.

use crate::{
    harness::{ANY_PAGE, Harness, ORIGIN, SESSION, TOKEN, builder},
    jwt::{self, APPLICATION_KEY},
};
use lunadefend_testing::TestClock;
use lunadefend_tokenizer::{TokenizerConfig, VerificationKeys};
use lunadefend_vault::{BackupFile, MasterKey, MasterKeys, Vault, restore};
use lunadefend_vault_redb::EmbeddedStore;
use std::{fs, sync::Arc, time::Duration};

const DELETE: &str = "/v2/tokens/delete";

fn config() -> TokenizerConfig {
    let keys = VerificationKeys::Public(APPLICATION_KEY.public_key().clone());
    builder(ORIGIN, keys).build().unwrap()
}

/// A tokenizer, and one on a store that was restored from a backup of the first.
async fn both(on_first: impl AsyncFn(&Harness)) -> (Harness, Harness) {
    let clock = TestClock::new();
    let (master, _) = MasterKey::generate().unwrap();
    let store = Arc::new(EmbeddedStore::in_memory().unwrap());
    let vault = Vault::open(store, &master, Arc::new(clock.clone()));
    let vault = vault.await.unwrap();
    let first = Harness::on(config(), vault.clone(), clock.clone()).await;
    on_first(&first).await;

    let mut backup = vault.backup().await.unwrap().unwrap();
    let mut bytes = Vec::new();
    while let Some(block) = backup.next_block().await.unwrap() {
        bytes.extend_from_slice(&block);
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup");
    fs::write(&path, bytes).unwrap();
    let backup = BackupFile::open(&path).unwrap();
    let store = Arc::new(EmbeddedStore::in_memory().unwrap());
    let masters = MasterKeys::from(&master);
    let done = restore(&backup, &*store, &masters, &[], &clock, |_| {}).await;
    done.unwrap();
    let vault = Vault::open(store, &master, Arc::new(clock.clone()));
    let second = Harness::on(config(), vault.await.unwrap(), clock).await;
    (first, second)
}

fn body() -> String {
    format!(r#"{{"tokenIds":["{TOKEN}"]}}"#)
}

/// The statuses of a user, a transfer and a destroy JWT that are made at that time.
async fn statuses(harness: &Harness, made_at: u64, jti: &str) -> [u16; 3] {
    let user = jwt::user(made_at, SESSION);
    let tokenized = harness.post_as(&user, "/tokenize", "{}").await;
    let transfer = harness.ensure().await;
    let jwt = jwt::transfer(made_at, SESSION, &transfer.state, jti);
    let created = harness.create(&transfer.state, &jwt, &transfer.cookie);
    let created = created.await.status;
    // Ids are those of all JWTs.
    let jwt = jwt::destroy(made_at, DELETE, &body(), &format!("{jti} destroys"));
    let deleted = harness.post_as(&jwt, DELETE, &body()).await;
    [tokenized.status, created, deleted.status]
}

#[tokio::test]
async fn what_is_signed_before_a_restore_is_refused_after_it() {
    let (first, second) = both(async |_| {}).await;
    let at = second.now();
    assert_eq!(statuses(&first, at, "a").await, [200, 200, 200]);
    assert_eq!(statuses(&second, at, "a").await, [401, 400, 401]);
    // The clock of the application may be a minute ahead.
    assert_eq!(statuses(&second, at + 60, "b").await, [401, 400, 401]);
    // The application itself ends nothing with such a JWT, and goes on.
    let reply = second.grant(SESSION, TOKEN, None).await;
    assert_eq!(reply.status, 200);
    second.clock.advance(Duration::from_secs(61));
    assert_eq!(statuses(&second, at, "c").await[0], 401);
    assert_eq!(statuses(&second, at + 61, "d").await, [200, 200, 200]);
}

#[tokio::test]
async fn cookies_states_and_urls_of_before_are_refused() {
    let known = std::sync::Mutex::new(None);
    let (first, second) = both(async |first| {
        let cookie = first.log_in(SESSION, "before").await;
        let token = first.store_value(SESSION, "078-05-1120").await;
        let download = first.detokenize(SESSION, &token).await;
        let (_, upload) = first.tokenize(SESSION).await;
        *known.lock().unwrap() = Some((cookie, token, download, upload, first.ensure().await));
    })
    .await;
    let (cookie, token, download, upload, transfer) = known.into_inner().unwrap().unwrap();
    let with_cookie = async |harness: &Harness| {
        let headers = [("cookie", &*cookie), ("origin", ORIGIN), ANY_PAGE];
        harness.post("/tokenize", &headers, "{}").await.status
    };
    let put = async |harness: &Harness| {
        let sent = harness.send(http::Method::PUT, &upload, &[], "value").await;
        sent.status
    };
    assert_eq!(with_cookie(&first).await, 200);
    assert_eq!(with_cookie(&second).await, 401);
    assert_eq!(first.get(&download, &[]).await.status, 200);
    assert!(!second.is_granted(SESSION, &token).await);
    assert_eq!(second.grant(SESSION, &token, None).await.status, 200);
    assert_eq!(second.get(&download, &[]).await.status, 403);
    assert_eq!(put(&second).await, 403);
    assert_eq!(put(&first).await, 200);
    // The value is there for whoever is granted it anew.
    second.clock.advance(Duration::from_secs(61));
    let url = second.detokenize(SESSION, &token).await;
    assert_eq!(second.get(&url, &[]).await.text(), "078-05-1120");
    let jwt = jwt::transfer(second.now(), SESSION, &transfer.state, "new");
    let refused = second.create(&transfer.state, &jwt, &transfer.cookie).await;
    assert_eq!(refused.status, 400);
    let good = first.create(&transfer.state, &jwt, &transfer.cookie).await;
    assert_eq!(good.status, 200);
}

#[cfg(unix)]
#[tokio::test]
async fn the_operator_gets_a_backup_or_is_told_why_there_is_none() {
    use crate::admin::Admin;
    use lunadefend_vault::store::{MemoryStore, Store, faults::FailingStore};

    let harness = Harness::start().await;
    let token = harness.store_value(SESSION, vec![7; 200_000]).await;
    let reply = Admin::of(&harness).await.get("/backup").await;
    assert_eq!(reply.status, 200);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup");
    fs::write(&path, &reply.body).unwrap();
    let backup = BackupFile::open(&path).unwrap();
    assert_eq!(backup.manifest().parts, 4);
    assert!(
        !reply
            .body
            .windows(token.len())
            .any(|some| some == token.as_bytes())
    );

    // A store with backups of its own.
    let store: Arc<dyn Store> =
        Arc::new(FailingStore::new(MemoryStore::default()).without_snapshots());
    let keys = VerificationKeys::Public(APPLICATION_KEY.public_key().clone());
    let harness = Harness::with_store(builder(ORIGIN, keys), store).await;
    let reply = Admin::of(&harness).await.get("/backup").await;
    assert_eq!(reply.status, 409);
    assert!(String::from_utf8_lossy(&reply.body).contains("store restored"));
}
