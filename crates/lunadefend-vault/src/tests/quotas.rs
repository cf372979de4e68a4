use super::*;
use futures_util::future::join_all;

const QUOTA: Quota = Quota {
    values: 5,
    bytes: 1_000,
};

async fn create(vault: &Vault, session: &SessionId) -> Result<NewToken, VaultError> {
    let owner = counted(session, later(1_000), QUOTA);
    vault.create_waiting_token(None, Some(owner)).await
}

async fn store(vault: &Vault, new: &NewToken, length: usize) -> Result<u64, UploadError> {
    let mut upload = vault.begin_upload_within(&new.upload, MAX, QUOTA).await?;
    match upload.write(vec![7; length].into()).await {
        Ok(()) => upload.commit().await,
        Err(error) => {
            upload.abort().await?;
            Err(error)
        }
    }
}

fn is_over(error: &VaultError, over: OverQuota) -> bool {
    matches!(error, VaultError::OverQuota(found) if *found == over)
}

#[tokio::test]
async fn a_restart_forgets_no_quota() {
    let world = World::new().await;
    let ann = session("ann");
    for _ in 0..4 {
        create(&world.vault, &ann).await.unwrap();
    }
    let new = create(&world.vault, &ann).await.unwrap();
    store(&world.vault, &new, 900).await.unwrap();
    let vault = world.reopen(&world.master).await.unwrap();
    let error = create(&vault, &ann).await.unwrap_err();
    assert!(is_over(&error, OverQuota::Values(5)), "{error}");
    let more = Quota { values: 6, ..QUOTA };
    let owner = counted(&ann, later(1_000), more);
    let new = vault.create_waiting_token(None, Some(owner)).await.unwrap();
    let error = store(&vault, &new, 101).await.unwrap_err();
    assert!(
        matches!(&error, UploadError::Vault(error) if is_over(error, OverQuota::Bytes(1_000))),
        "{error}"
    );
    store(&vault, &new, 100).await.unwrap();
}

/// It is the same transaction: no commit is added, and none counts what was not stored.
#[tokio::test]
async fn counting_costs_no_transaction_and_counts_what_is_stored() {
    let world = World::new().await;
    let ann = session("ann");
    let new = create(&world.vault, &ann).await.unwrap();
    for _ in 0..20 {
        let mut upload = world
            .vault
            .begin_upload_within(&new.upload, MAX, QUOTA)
            .await
            .unwrap();
        upload.write(vec![7; 900].into()).await.unwrap();
        upload.abort().await.unwrap();
    }
    store(&world.vault, &new, 1_000).await.unwrap();
    let error = create(&world.vault, &ann).await.unwrap_err();
    assert!(is_over(&error, OverQuota::Bytes(1_000)), "{error}");
    // What nobody counted is refused nobody.
    let free = world.vault.create_token(None, Some((&ann, later(1)))).await;
    store(&world.vault, &free.unwrap(), 5_000).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn racing_calls_are_counted_each() {
    let world = World::new().await;
    let ann = session("ann");
    let racing = (0..16).map(|_| {
        let (vault, ann) = (world.vault.clone(), ann.clone());
        tokio::spawn(async move { create(&vault, &ann).await })
    });
    let made: Vec<_> = join_all(racing)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let made: Vec<NewToken> = made.into_iter().filter_map(Result::ok).collect();
    assert_eq!(made.len(), 5);
    let racing = made.into_iter().map(|new| {
        let vault = world.vault.clone();
        tokio::spawn(async move { store(&vault, &new, 300).await })
    });
    let stored = join_all(racing).await;
    let stored = stored
        .into_iter()
        .filter(|result| matches!(result, Ok(Ok(300))));
    assert_eq!(stored.count(), 3);
}

/// An attacker who can write to the store cannot make room.
#[tokio::test]
async fn a_changed_quota_is_an_error() {
    let world = World::new().await;
    let ann = session("ann");
    create(&world.vault, &ann).await.unwrap();
    let place = rows::quota::address(&world.vault.ring(), &ann);
    let row = world.store.row(place).await.unwrap();
    let longer = Row {
        expires_at: row.expires_at.map(|at| at + Duration::from_millis(1)),
        ..row.clone()
    };
    let mut flipped = row.value.to_vec();
    *flipped.last_mut().unwrap() ^= 1;
    let flipped = Row {
        value: flipped.into(),
        ..row
    };
    for changed in [longer, flipped] {
        world.store.put(place, changed).await;
        let error = create(&world.vault, &ann).await.unwrap_err();
        assert!(matches!(error, VaultError::Corrupt), "{error}");
    }
}
