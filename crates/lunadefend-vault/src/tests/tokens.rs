use super::*;

#[tokio::test]
async fn metadata_comes_back_as_written() {
    let world = World::new().await;
    let json = r#"{ "dataType":"file", "name":"é.txt", "n": 1.10 }"#;
    let with = world
        .vault
        .create_token(Some(&metadata(json)), None)
        .await
        .unwrap();
    let without = world.vault.create_token(None, None).await.unwrap();
    let read = world.vault.metadata(&with.token).await.unwrap();
    assert_eq!(read.unwrap().as_json(), json);
    let none = [without.token.clone(), some_token()];
    for token in none {
        assert!(world.vault.metadata(&token).await.unwrap().is_none());
    }
    assert_ne!(with.token, without.token);
    assert_eq!(with.upload_expires_at, START + Vault::UPLOAD_LIFETIME);

    world.upload(&with, b"value").await;
    let read = world.vault.metadata(&with.token).await.unwrap();
    assert_eq!(read.unwrap().as_json(), json, "also once there is a value");
}

#[tokio::test]
async fn the_owner_is_granted_with_the_token() {
    let world = World::new().await;
    let ann = session("ann");
    let new = world
        .vault
        .create_token(None, Some((&ann, later(5))))
        .await
        .unwrap();
    let held = world.vault.grant_expiry(&ann, &new.token).await;
    assert_eq!(held.unwrap(), Some(later(5)));
    let nobodys = world.vault.create_token(None, None).await.unwrap();
    let held = world.vault.grant_expiry(&ann, &nobodys.token).await;
    assert_eq!(held.unwrap(), None);
}

#[tokio::test]
async fn everything_temporary_is_purged_and_nothing_else() {
    let temporary = [
        Table::Grant,
        Table::UsedState,
        Table::UsedJwt,
        Table::Session,
        Table::Upload,
    ];
    let world = World::new().await;
    let ann = session("ann");
    let owner = Some((&ann, later(1_000)));
    let kept = world
        .vault
        .create_token(Some(&Metadata::string()), owner)
        .await
        .unwrap();
    world.upload(&kept, b"value").await;
    let waiting = world
        .vault
        .create_token(Some(&Metadata::string()), owner)
        .await
        .unwrap();
    let (_, state) = issue_state(&world.vault, "p");
    let handle = world
        .vault
        .create_session(&state, b"jti", later(1_000), &ann)
        .await
        .unwrap()
        .handle()
        .unwrap();

    assert_eq!(world.vault.purge_expired().await.unwrap(), 0);
    for table in temporary {
        let rows = world.store.rows(table).await;
        assert!(!rows.is_empty(), "{table:?} was written to");
    }
    // A small upload that began in time may end a minute later.
    world
        .clock
        .advance(Vault::SESSION_LIFETIME + Duration::from_secs(60));
    // Two grants, two uses, a session and two uploads; the first still holds.
    assert_eq!(world.vault.purge_expired().await.unwrap(), 7);
    for table in temporary {
        assert_eq!(world.store.rows(table).await, [], "{table:?}");
    }
    let session = world.vault.session(handle.expose_secret()).await;
    assert!(session.unwrap().is_none());
    let still = world.vault.metadata(&waiting.token).await;
    assert!(still.unwrap().is_some());

    world
        .clock
        .advance(Duration::from_millis(365 * 24 * 60 * 60 * 1_000));
    assert_eq!(world.vault.purge_expired().await.unwrap(), 1);
    let gone = world.vault.metadata(&waiting.token).await;
    assert!(gone.unwrap().is_none(), "its value never came");
    let stays = world.vault.metadata(&kept.token).await;
    assert!(stays.unwrap().is_some());
    assert_eq!(world.read(&kept.token).await.unwrap(), b"value");
}
