use super::*;
use futures_util::future::join_all;

fn state(world: &World) -> StateClaims {
    issue_state(&world.vault, "main").1
}

const JWT_EXPIRES: UnixMillis = UnixMillis::new(START.get() + 60_000);

#[tokio::test]
async fn a_session_lives_a_quarter_of_an_hour() {
    let world = World::new().await;
    let ann = session("ann");
    let handle = world
        .vault
        .create_session(&state(&world), b"jti", JWT_EXPIRES, &ann)
        .await
        .unwrap()
        .handle()
        .unwrap();
    let handle = handle.expose_secret();
    assert_eq!(handle.len(), 43);
    let found = world.vault.session(handle).await.unwrap();
    let found = found.unwrap();
    assert_eq!(found.session.expose_id(), "ann");
    assert!(!found.is_by_page);

    world
        .clock
        .advance(Vault::SESSION_LIFETIME - Duration::from_millis(1));
    assert!(world.vault.session(handle).await.unwrap().is_some());
    world.clock.advance(Duration::from_millis(1));
    assert!(world.vault.session(handle).await.unwrap().is_none());
}

/// Script of a page may have brought the JWT of another account for it.
#[tokio::test]
async fn a_session_remembers_whether_a_page_held_its_state() {
    let world = World::new().await;
    for (holder, is_by_page) in [
        (StateHolder::Redirect, false),
        (StateHolder::SecondRedirect, false),
        (StateHolder::Page, true),
    ] {
        let issued = world.vault.issue_state("main", holder).unwrap();
        let claims = world.vault.check_state(issued.state.expose_secret());
        let jti = format!("{holder:?}");
        let made = world
            .vault
            .create_session(
                &claims.unwrap(),
                jti.as_bytes(),
                JWT_EXPIRES,
                &session("ann"),
            )
            .await;
        let handle = made.unwrap().handle().unwrap();
        let found = world.vault.session(handle.expose_secret()).await.unwrap();
        assert_eq!(found.unwrap().is_by_page, is_by_page, "{holder:?}");
    }
}

#[tokio::test]
async fn a_browser_session_can_be_ended() {
    let world = World::new().await;
    let mut handles = Vec::new();
    for jti in [b"1", b"2"] {
        let created = world
            .vault
            .create_session(&state(&world), jti, JWT_EXPIRES, &session("ann"))
            .await;
        handles.push(created.unwrap().handle().unwrap());
    }
    let [one, two] = [handles[0].expose_secret(), handles[1].expose_secret()];
    for _ in 0..2 {
        world.vault.end_browser_session(one).await.unwrap();
        assert!(world.vault.session(one).await.unwrap().is_none());
    }
    assert!(world.vault.session(two).await.unwrap().is_some());
    world
        .vault
        .end_browser_session("not a handle")
        .await
        .unwrap();
}

#[tokio::test]
async fn what_is_not_a_handle_is_nobody() {
    let world = World::new().await;
    for text in ["", "x", &"A".repeat(42), &"A".repeat(43), &"A".repeat(44)] {
        assert!(world.vault.session(text).await.unwrap().is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_sixteen_that_race_for_a_state_one_gets_a_session() {
    let world = World::new().await;
    for round in 0..10_u8 {
        let state = state(&world);
        let racing = (0..16_u8).map(|number| {
            let (vault, state) = (world.vault.clone(), state.clone());
            tokio::spawn(async move {
                let jti = [round, number];
                vault
                    .create_session(&state, &jti, JWT_EXPIRES, &session("ann"))
                    .await
                    .unwrap()
                    .handle()
            })
        });
        let created = join_all(racing).await;
        let created = created
            .iter()
            .filter(|made| made.as_ref().unwrap().is_some());
        assert_eq!(created.count(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_sixteen_that_race_for_a_jwt_one_gets_a_session() {
    let world = World::new().await;
    for round in 0..10_u8 {
        let racing = (0..16).map(|_| {
            let (vault, state) = (world.vault.clone(), state(&world));
            tokio::spawn(async move {
                let jti = [round];
                vault
                    .create_session(&state, &jti, JWT_EXPIRES, &session("ann"))
                    .await
                    .unwrap()
                    .handle()
            })
        });
        let created = join_all(racing).await;
        let created = created
            .iter()
            .filter(|made| made.as_ref().unwrap().is_some());
        assert_eq!(created.count(), 1);
    }
}

#[tokio::test]
async fn state_and_jwt_use_each_other_up() {
    let world = World::new().await;
    let ann = session("ann");
    let create = |state: StateClaims, jti: &'static [u8]| {
        let (vault, ann) = (world.vault.clone(), ann.clone());
        async move {
            let created = vault.create_session(&state, jti, JWT_EXPIRES, &ann).await;
            created.unwrap().handle().is_some()
        }
    };
    let used = state(&world);
    assert!(create(used.clone(), b"first").await);
    assert!(!create(used.clone(), b"second").await);
    assert!(!create(state(&world), b"second").await);

    world.vault.spend_jwt(b"third", JWT_EXPIRES).await.unwrap();
    world.vault.spend_jwt(b"third", JWT_EXPIRES).await.unwrap();
    // And a used JWT uses up the state that it came with.
    let fresh = state(&world);
    assert!(!create(fresh.clone(), b"third").await);
    assert!(!create(fresh, b"fourth").await);
    assert!(!create(state(&world), b"fourth").await);
    assert!(create(state(&world), b"fifth").await);
}

/// A verifier has a leeway, and the clocks of two replicas differ.
#[tokio::test]
async fn a_use_is_remembered_beyond_the_expiry() {
    let world = World::new().await;
    let ann = session("ann");
    let used = state(&world);
    let first = world.vault.create_session(&used, b"jti", JWT_EXPIRES, &ann);
    assert!(first.await.unwrap().handle().is_some());
    world.clock.set(JWT_EXPIRES + Duration::from_millis(59_999));
    world.vault.purge_expired().await.unwrap();
    let fresh = state(&world);
    let again = world
        .vault
        .create_session(&fresh, b"jti", JWT_EXPIRES, &ann);
    assert!(again.await.unwrap().handle().is_none());
    world
        .clock
        .set(used.expires_at + Duration::from_millis(59_999));
    world.vault.purge_expired().await.unwrap();
    let again = world
        .vault
        .create_session(&used, b"new", UnixMillis::MAX, &ann);
    assert!(again.await.unwrap().handle().is_none());
}
