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
