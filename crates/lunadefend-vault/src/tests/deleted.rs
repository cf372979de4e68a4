//! What is left of a deleted token: nothing that answers, and no room.

use super::*;

/// After the expiry of every grant of these tests.
const REMEMBERED: UnixMillis = UnixMillis::new(START.get() + 10_000_000);
const UNTIL: UnixMillis = UnixMillis::new(START.get() + 9_000_000);

async fn delete(vault: &Vault, tokens: &[&TokenId]) {
    let tokens: Vec<_> = tokens.iter().copied().cloned().collect();
    vault.delete_tokens(&tokens, REMEMBERED).await.unwrap();
}

async fn open(vault: &Vault, token: &TokenId) -> Download {
    let issued = vault.issue_download(&session("ann"), token, UNTIL).await;
    let opened = vault
        .open_download(&issued.unwrap().unwrap().download)
        .await;
    opened.unwrap().unwrap()
}

#[tokio::test]
async fn nothing_of_it_answers_and_its_room_is_free() {
    let world = World::new().await;
    let vault = &world.vault;
    let ann = session("ann");
    let owned = Some((&ann, UNTIL));
    let new = vault
        .create_token(Some(&metadata(r#"{"a":"b"}"#)), owned)
        .await;
    let new = new.unwrap();
    world.upload(&new, &[7; 70_000]).await;
    let kept = world.token(b"kept").await;
    let waiting = vault.create_token(None, owned).await.unwrap();
    let issued = vault.issue_download(&ann, &new.token, UNTIL).await;
    let issued = issued.unwrap().unwrap();
    assert_eq!(world.store.blobs().await.len(), 2);

    let unknown = some_token();
    for _ in 0..2 {
        // Named twice, waiting for its value, unknown, and deleted before.
        let tokens = [&new.token, &waiting.token, &unknown, &new.token];
        delete(vault, &tokens).await;
        for token in tokens {
            assert_eq!(vault.grant_expiry(&ann, token).await.unwrap(), None);
            assert!(vault.metadata(token).await.unwrap().is_none());
            let again = vault.issue_download(&ann, token, UNTIL).await;
            assert!(again.unwrap().is_none());
            // Nor does a grant bring anything back, or a revocation.
            vault.grant(&ann, token, UNTIL).await.unwrap();
            vault.revoke_token(token, REMEMBERED).await.unwrap();
            vault.grant(&ann, token, UNTIL).await.unwrap();
            assert_eq!(vault.grant_expiry(&ann, token).await.unwrap(), None);
        }
        let opened = vault.open_download(&issued.download).await.unwrap();
        assert!(opened.is_none());
        let begun = vault.begin_upload(&waiting.upload, MAX).await;
        assert!(matches!(begun, Err(UploadError::Unknown)));
        assert_eq!(world.store.rows(Table::Value).await.len(), 1);
        assert_eq!(world.store.rows(Table::Blob).await.len(), 1);
        assert_eq!(world.store.blobs().await.len(), 1);
    }
    assert_eq!(world.read(&kept).await.unwrap(), b"kept");

    world.clock.set(REMEMBERED);
    vault.purge_expired().await.unwrap();
    let rows = world.store.rows(Table::Token).await;
    assert_eq!(rows.len(), 1, "only that of the other token");
}

#[tokio::test]
async fn more_than_a_batch_holds() {
    let world = World::new().await;
    let mut tokens = Vec::new();
    for number in 0..100_u8 {
        tokens.push(world.token(&[number]).await);
    }
    world
        .vault
        .delete_tokens(&tokens, REMEMBERED)
        .await
        .unwrap();
    assert!(world.store.rows(Table::Value).await.is_empty());
    assert!(world.store.blobs().await.is_empty());
    world.vault.delete_tokens(&[], REMEMBERED).await.unwrap();
}

#[tokio::test]
async fn an_upload_that_runs_does_not_bring_it_back() {
    let world = World::new().await;
    let vault = &world.vault;
    let new = vault.create_token(None, None).await.unwrap();
    let mut upload = vault.begin_upload(&new.upload, MAX).await.unwrap();
    upload.write("value".into()).await.unwrap();
    delete(vault, &[&new.token]).await;
    let committed = upload.commit().await;
    assert!(matches!(committed, Err(UploadError::Lost)));
    assert!(world.store.rows(Table::Value).await.is_empty());
    // Its lease is given back in the background; at the latest the sweep frees the room.
    world.clock.set(later(60_000));
    vault.purge_expired().await.unwrap();
    assert!(world.store.blobs().await.is_empty());
}

/// Whichever is first, the other notices.
#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_ends_at_the_same_time() {
    let world = World::new().await;
    for _ in 0..50 {
        let new = world.vault.create_token(None, None).await.unwrap();
        let begun = world.vault.begin_upload(&new.upload, MAX).await;
        let mut upload = begun.unwrap();
        upload.write("value".into()).await.unwrap();
        let (vault, token) = (world.vault.clone(), new.token.clone());
        let deleting = tokio::spawn(async move { delete(&vault, &[&token]).await });
        match tokio::spawn(upload.commit()).await.unwrap() {
            Ok(_) | Err(UploadError::Lost) => {}
            Err(error) => panic!("{error}"),
        }
        deleting.await.unwrap();
        assert!(world.store.rows(Table::Value).await.is_empty());
    }
    world.clock.set(later(60_000));
    world.vault.purge_expired().await.unwrap();
    assert!(world.store.blobs().await.is_empty());
}

/// Uploads may run for days.
#[tokio::test]
async fn an_upload_that_outlives_the_memory_of_the_deletion_has_no_token() {
    let world = World::new().await;
    let vault = &world.vault;
    let new = vault.create_token(None, None).await.unwrap();
    let upload = vault.begin_upload(&new.upload, MAX).await.unwrap();
    let deleted = vault.delete_tokens(&[new.token.clone()], later(10)).await;
    deleted.unwrap();
    world.clock.set(later(10));
    vault.purge_expired().await.unwrap();
    // Now the token is unknown, and may be revoked like any other.
    vault.revoke_token(&new.token, REMEMBERED).await.unwrap();
    let committed = upload.commit().await;
    assert!(matches!(committed, Err(UploadError::Lost)));
    assert!(vault.begin_upload(&new.upload, MAX).await.is_err());
    assert!(world.store.rows(Table::Value).await.is_empty());
}

#[tokio::test]
async fn a_download_that_runs_ends_in_every_process() {
    let world = World::new().await;
    let chunk = stream::CHUNK_SIZE as usize;
    let here = &world.vault;
    let there = world.reopen(&world.master).await.unwrap();
    let ann = session("ann");
    let mut tokens = Vec::new();
    for _ in 0..3 {
        let token = world.token(&vec![1; 4 * chunk]).await;
        here.grant(&ann, &token, UNTIL).await.unwrap();
        tokens.push(token);
    }
    // The blobs outlive the rows, as if the process that deletes had died in between.
    world.store.plan_all(Operation::Delete, Fault::Before);
    for (token, set) in tokens.iter().zip([
        // By time, by a clock that was set back, and by the missing blob.
        START + Vault::DELETED_VALUE_ENDS_WITHIN,
        START.saturating_sub(Vault::DELETED_VALUE_ENDS_WITHIN),
        START,
    ]) {
        world.clock.set(START);
        let mut downloads = [open(here, token).await, open(&there, token).await];
        for download in &mut downloads {
            assert!(download.next_chunk().await.unwrap().is_some());
        }
        if set == START {
            world.store.clear();
        }
        delete(here, &[token]).await;
        world.clock.set(set);
        for download in &mut downloads {
            let next = download.next_chunk().await;
            assert!(matches!(next, Err(VaultError::Deleted)), "{next:?}");
            assert!(download.next_chunk().await.is_err());
        }
    }
}
