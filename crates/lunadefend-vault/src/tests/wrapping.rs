//! Wrapping keys: added, seen by every process, taken for new rows, and retired.

use super::*;

const MINUTE: Duration = Duration::from_secs(60);

fn versions(vault: &Vault) -> Vec<(u32, bool)> {
    let keys = vault.wrapping_keys().into_iter();
    keys.map(|key| (key.version, key.is_current)).collect()
}

/// Makes a new key of this vault seal rows.
async fn rotate(world: &World, vault: &Vault) -> u32 {
    let version = vault.add_wrapping_key().await.unwrap();
    world.clock.advance(3 * MINUTE);
    vault.tend_keys().await.unwrap();
    version
}

/// Walks over all rows; returns how many were sealed again.
async fn rewrap(vault: &Vault) -> u64 {
    let (mut sealed, mut from) = (0, None);
    loop {
        let step = vault.rewrap(from).await.unwrap();
        sealed += step.sealed;
        // As a request brings it back.
        from = step.next.map(|next| next.to_string().parse().unwrap());
        if from.is_none() {
            return sealed;
        }
    }
}

#[tokio::test]
async fn every_process_knows_a_key_before_rows_are_sealed_under_it() {
    let world = World::new().await;
    let old = world.token(b"old").await;
    let other = world.reopen(&world.master).await.unwrap();
    assert_eq!(world.vault.add_wrapping_key().await.unwrap(), 2);
    assert_eq!(versions(&world.vault), [(1, true), (2, false)]);
    assert_eq!(versions(&other), [(1, true)]);
    // Whichever process is asked.
    for vault in [&world.vault, &other] {
        let error = vault.add_wrapping_key().await.unwrap_err();
        assert!(matches!(error, KeysError::Pending(2)));
    }
    for minute in 0..6 {
        for vault in [&world.vault, &other] {
            vault.tend_keys().await.unwrap();
            assert_eq!(versions(vault), [(1, minute < 3), (2, minute >= 3)]);
            // What one writes the other reads.
            let made = vault.create_token(Some(&metadata("{}")), None).await;
            let token = made.unwrap().token;
            for vault in [&world.vault, &other] {
                assert!(vault.metadata(&token).await.unwrap().is_some());
            }
        }
        world.clock.advance(MINUTE);
    }
    assert_eq!(world.read(&old).await.unwrap(), b"old");
    let times = world.vault.wrapping_keys();
    assert_eq!(times[1].added_at, Some(START));
    assert_eq!(times[1].active_since, Some(START + 3 * MINUTE));
}

/// Its janitor hangs, say: it seals with keys that it read long ago.
#[tokio::test]
async fn a_process_with_old_keys_reads_them_before_it_writes() {
    let world = World::new().await;
    let hung = world.reopen(&world.master).await.unwrap();
    rotate(&world, &world.vault).await;
    world.clock.advance(7 * MINUTE);
    hung.create_token(None, None).await.unwrap();
    world.clock.advance(MINUTE);
    let refused = hung.create_token(None, None).await.unwrap_err();
    assert!(matches!(refused, VaultError::Conflict));
    assert_eq!(versions(&hung), [(1, false), (2, true)]);
    hung.create_token(None, None).await.unwrap();
    // A clock that goes back says nothing about the age of keys.
    rotate(&world, &world.vault).await;
    world.clock.set(START.saturating_sub(8 * MINUTE));
    let refused = hung.create_token(None, None).await.unwrap_err();
    assert!(matches!(refused, VaultError::Conflict));
}

#[tokio::test]
async fn what_was_sealed_under_an_old_key_is_sealed_again() {
    let world = World::new().await;
    let (ann, until) = (session("ann"), later(86_400_000));
    let mut tokens = Vec::new();
    for number in 0..250 {
        let value = format!("value {number}").into_bytes();
        tokens.push((world.token(&value).await, value));
    }
    let long = vec![7; 200_000];
    tokens.push((world.token(&long).await, long));
    let running = world.vault.create_token(None, None).await.unwrap();
    let begun = world.vault.begin_upload(&running.upload, MAX).await;
    let mut begun = begun.unwrap();
    begun.write(vec![1; 100_000].into()).await.unwrap();
    let (_, state) = issue_state(&world.vault, "main");
    let made = world
        .vault
        .create_session(&state, b"jti", later(300_000), &ann)
        .await;
    let handle = made.unwrap().handle().unwrap();
    let repeatable = || world.repeatable(IdempotencyKey::new([7; 16]), "small");
    let Ok(Tokenized::Stored(small)) = repeatable().await else {
        panic!("not stored");
    };
    world.vault.grant(&ann, &small, until).await.unwrap();

    assert_eq!(rewrap(&world.vault).await, 0);
    assert_eq!(rotate(&world, &world.vault).await, 2);
    let sealed = rewrap(&world.vault).await;
    // A row of the token, of its value, and of its upload for each; and those of the others.
    assert!(sealed > 3 * 250, "{sealed}");
    assert_eq!(rewrap(&world.vault).await, 0);
    let found = world.vault.session(handle.expose_secret()).await.unwrap();
    assert_eq!(found.unwrap().session, ann);

    let early = world.vault.retire_wrapping_key(1).await.unwrap_err();
    assert!(matches!(early, KeysError::TooSoon(1)), "{early:?}");
    world.clock.advance(17 * MINUTE);
    assert!(world.vault.retire_wrapping_key(1).await.is_err());
    world.clock.advance(3 * MINUTE);
    world.vault.retire_wrapping_key(1).await.unwrap();
    assert_eq!(versions(&world.vault), [(2, true)]);

    let reopened = world.reopen(&world.master).await.unwrap();
    assert_eq!(versions(&reopened), [(2, true)]);
    for (token, value) in &tokens {
        assert!(world.read(token).await.unwrap() == *value);
    }
    assert!(begun.commit().await.is_err(), "its lease has ended");
    assert!(matches!(repeatable().await, Ok(Tokenized::Stored(token)) if token == small));
}

#[tokio::test]
async fn a_key_that_is_needed_stays() {
    let world = World::new().await;
    let token = world.token(b"value").await;
    for (version, of) in [(1, "current"), (2, "unknown")] {
        let refused = world.vault.retire_wrapping_key(version).await.unwrap_err();
        let is_right = match of {
            "current" => matches!(refused, KeysError::Current(1)),
            _ => matches!(refused, KeysError::Unknown(2)),
        };
        assert!(is_right, "{refused:?}");
    }
    world.vault.add_wrapping_key().await.unwrap();
    // The next one seals nothing yet; the newest one is always in use, or will be.
    let refused = world.vault.retire_wrapping_key(1).await.unwrap_err();
    assert!(matches!(refused, KeysError::Pending(2)), "{refused:?}");
    let refused = world.vault.retire_wrapping_key(2).await.unwrap_err();
    assert!(matches!(refused, KeysError::Current(2)), "{refused:?}");
    world.clock.advance(3 * MINUTE);
    world.vault.tend_keys().await.unwrap();
    world.clock.advance(60 * MINUTE);
    let refused = world.vault.retire_wrapping_key(1).await.unwrap_err();
    let KeysError::InUse { version: 1, rows } = refused else {
        panic!("{refused:?}");
    };
    assert!(rows >= 2, "{rows}");
    assert_eq!(world.read(&token).await.unwrap(), b"value");
}

/// One row of a batch changes between its reading and its writing: that one is left to who changed it.
#[tokio::test]
async fn a_row_that_changes_meanwhile_keeps_no_other_back() {
    let world = World::new().await;
    let tokens = [
        world.token(b"one").await,
        world.token(b"two").await,
        world.token(b"three").await,
    ];
    rotate(&world, &world.vault).await;
    for nth in [0, 1] {
        world.store.plan(Operation::Write, nth, Fault::Conflict);
    }
    assert_eq!(rewrap(&world.vault).await, 3 * 3 - 1);
    assert_eq!(rewrap(&world.vault).await, 1);
    for (token, value) in tokens.iter().zip(["one", "two", "three"]) {
        assert_eq!(world.read(token).await.unwrap(), value.as_bytes());
    }
}

#[test]
fn a_walk_goes_on_only_where_one_can() {
    for text in ["4.", "5.", &format!("6.{}", "0a".repeat(32))] {
        let cursor: RewrapCursor = text.parse().unwrap();
        assert_eq!(cursor.to_string(), *text);
    }
    for text in [
        "", ".", "4", "x.", "1.", "2.", "15.", "99.", "4.0a", "4.zz", "-4.", "4.0A",
    ] {
        assert_eq!(text.parse::<RewrapCursor>(), Err(InvalidCursor), "{text}");
    }
}

#[tokio::test]
async fn a_value_begun_under_one_version_ends_under_the_next() {
    let world = World::new().await;
    world.vault.add_wrapping_key().await.unwrap();
    world.clock.advance(3 * MINUTE - Duration::from_secs(1));
    let new = world.vault.create_token(None, None).await.unwrap();
    let mut upload = world.vault.begin_upload(&new.upload, MAX).await.unwrap();
    upload.write(vec![1; 100_000].into()).await.unwrap();
    world.clock.advance(Duration::from_secs(1));
    world.vault.tend_keys().await.unwrap();
    assert_eq!(versions(&world.vault), [(1, false), (2, true)]);
    upload.write(vec![1; 100_000].into()).await.unwrap();
    upload.commit().await.unwrap();
    assert_eq!(world.read(&new.token).await.unwrap(), vec![1; 200_000]);
}
