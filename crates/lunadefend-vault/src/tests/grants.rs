use super::*;
use futures_util::future::join_all;

#[tokio::test]
async fn a_grant_is_refused_at_its_expiry() {
    let world = World::new().await;
    let (ann, bob) = (session("ann"), session("bob"));
    let token = some_token();
    let expiry = |session: &SessionId| {
        let (vault, session) = (world.vault.clone(), session.clone());
        async move { vault.grant_expiry(&session, &some_token()).await.unwrap() }
    };
    assert_eq!(expiry(&ann).await, None);
    world.vault.grant(&ann, &token, later(1_500)).await.unwrap();
    assert_eq!(expiry(&ann).await, Some(later(1_500)));
    assert_eq!(expiry(&bob).await, None, "a grant is one session's");

    world.clock.set(later(1_499));
    assert_eq!(expiry(&ann).await, Some(later(1_500)));
    world.clock.set(later(1_500));
    assert_eq!(expiry(&ann).await, None);
}

#[tokio::test]
async fn the_later_of_two_expiries_stays() {
    let world = World::new().await;
    let (ann, token) = (session("ann"), some_token());
    for (expires_at, stays) in [
        (2_000, 2_000),
        (1_000, 2_000),
        (2_000, 2_000),
        (3_000, 3_000),
    ] {
        let expires_at = later(expires_at);
        world.vault.grant(&ann, &token, expires_at).await.unwrap();
        let held = world.vault.grant_expiry(&ann, &token).await.unwrap();
        assert_eq!(held, Some(later(stays)));
    }
    // An expired one does not count.
    world.clock.set(later(3_000));
    world.vault.grant(&ann, &token, later(3_001)).await.unwrap();
    let held = world.vault.grant_expiry(&ann, &token).await.unwrap();
    assert_eq!(held, Some(later(3_001)));

    let racing = (0..64).map(|number| {
        let expires_at = later(10_000 + number * 37 % 64);
        world.vault.grant(&ann, &token, expires_at)
    });
    for granted in join_all(racing).await {
        granted.unwrap();
    }
    let held = world.vault.grant_expiry(&ann, &token).await.unwrap();
    assert_eq!(held, Some(later(10_063)));
}

#[tokio::test]
async fn the_two_spellings_of_a_uuid_are_two_tokens() {
    let world = World::new().await;
    let ann = session("ann");
    let upper = TokenId::parse("lunasec-0A1B2C3D-1111-4222-8333-444455556666").unwrap();
    world.vault.grant(&ann, &upper, later(1)).await.unwrap();
    let held = world.vault.grant_expiry(&ann, &some_token()).await;
    assert_eq!(held.unwrap(), None);
}

fn token_of(number: usize) -> TokenId {
    TokenId::parse(&format!("lunasec-00000000-0000-4000-8000-{number:012}")).unwrap()
}

/// The expiries of what was asked about, after a check that each came back for its own session and token.
async fn held(world: &World, asked: Vec<(SessionId, TokenId)>) -> Vec<Option<UnixMillis>> {
    let held = world.vault.held_grants(asked.clone()).await.unwrap();
    let ids = held
        .iter()
        .map(|held| (held.session().clone(), held.token().clone()));
    assert_eq!(ids.collect::<Vec<_>>(), asked);
    held.iter().map(HeldGrant::expires_at).collect()
}

#[tokio::test]
async fn many_are_as_each_alone_in_the_order_of_the_request() {
    let world = World::new().await;
    // More rows than one call of the store may name, some asked for twice.
    let mut asked = Vec::new();
    for number in 0..150 {
        let session = session(["ann", "bob", "eve"][number % 3]);
        let token = token_of(number % 140);
        if number % 4 != 0 {
            let expires_at = later(1_000 + number as u64);
            world
                .vault
                .grant(&session, &token, expires_at)
                .await
                .unwrap();
        }
        asked.push((session, token));
    }
    world
        .vault
        .end_session(&session("eve"), later(1_000_000))
        .await
        .unwrap();
    for moment in [0, 1_061, 1_149, 1_200] {
        world.clock.set(later(moment));
        let mut each = Vec::new();
        for (session, token) in &asked {
            each.push(world.vault.grant_expiry(session, token).await.unwrap());
        }
        assert_eq!(held(&world, asked.clone()).await, each);
        assert_eq!(each.iter().any(Option::is_some), moment < 1_149);
        asked.reverse();
    }
    assert_eq!(held(&world, Vec::new()).await, []);
}

#[tokio::test]
async fn many_are_granted_except_to_sessions_that_have_ended() {
    let world = World::new().await;
    let (ann, bob) = (session("ann"), session("bob"));
    world
        .vault
        .end_session(&bob, later(1_000_000))
        .await
        .unwrap();
    let longer = later(9_000);
    world.vault.grant(&ann, &token_of(1), longer).await.unwrap();

    let write = |session: &SessionId, number: usize, millis: u64| GrantWrite {
        session: session.clone(),
        token: token_of(number),
        expires_at: later(millis),
    };
    let mut writes: Vec<_> = (0..120).map(|number| write(&ann, number, 5_000)).collect();
    writes.push(write(&bob, 1, 5_000));
    // Twice, in either order: the later expiry stays.
    writes.extend([write(&ann, 2, 4_000), write(&ann, 3, 6_000)]);
    let written = world.vault.grant_many(writes.clone()).await.unwrap();
    assert_eq!(written.len(), writes.len());
    for (written, asked) in written.iter().zip(&writes) {
        assert_eq!(
            (written.session(), written.token()),
            (&asked.session, &asked.token)
        );
        let expires_at = (asked.session == ann).then_some(asked.expires_at);
        assert_eq!(written.expires_at(), expires_at);
    }

    let asked: Vec<_> = (0..120)
        .map(|number| (ann.clone(), token_of(number)))
        .collect();
    let mut expected = vec![Some(later(5_000)); 120];
    (expected[1], expected[3]) = (Some(longer), Some(later(6_000)));
    assert_eq!(held(&world, asked).await, expected);
    assert_eq!(
        world.store.rows(Table::Grant).await.len(),
        120,
        "none of the ended session"
    );
    assert_eq!(world.vault.grant_many(Vec::new()).await.unwrap(), []);
}

/// A row in the place of another one is not taken for it.
#[tokio::test]
async fn rows_that_were_exchanged_grant_nothing() {
    let world = World::new().await;
    let ann = session("ann");
    for (number, expires_at) in [(1, 1_000), (2, 2_000)] {
        let token = token_of(number);
        world
            .vault
            .grant(&ann, &token, later(expires_at))
            .await
            .unwrap();
    }
    let rows = world.store.rows(Table::Grant).await;
    world.store.put(rows[0].0, rows[1].1.clone()).await;
    let asked = vec![(ann.clone(), token_of(1)), (ann, token_of(2))];
    let held = world.vault.held_grants(asked).await;
    assert!(matches!(held, Err(VaultError::Corrupt)));
}
