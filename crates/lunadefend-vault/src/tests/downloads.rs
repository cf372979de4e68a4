use super::*;

async fn is_open(world: &World, issued: &DownloadTicket) -> bool {
    let download = world.vault.open_download(issued).await;
    download.unwrap().is_some()
}

#[tokio::test]
async fn a_ticket_ends_with_its_minute_or_its_grant() {
    let world = World::new().await;
    let ann = session("ann");
    let token = world.token(b"value").await;
    for (grant, ticket) in [(500_000, 60_000), (60_001, 60_000), (1_234, 1_234)] {
        let world_start = world.vault.now();
        let until = world_start + Duration::from_millis(grant);
        world.vault.grant(&ann, &token, until).await.unwrap();
        let held = world.vault.grant_expiry(&ann, &token).await.unwrap();
        let until = held.unwrap();
        let issued = world.vault.issue_download(
            &ann,
            &token,
            until.min(world_start + Duration::from_millis(grant)),
        );
        let issued = issued.await.unwrap().unwrap();
        assert_eq!(
            issued.expires_at(),
            world_start + Duration::from_millis(ticket)
        );
        world
            .clock
            .set(issued.expires_at().saturating_sub(Duration::from_millis(1)));
        assert!(is_open(&world, &issued).await);
        assert!(is_open(&world, &issued).await, "more than once");
        world.clock.advance(Duration::from_millis(1));
        assert!(!is_open(&world, &issued).await);
    }
}

#[tokio::test]
async fn the_grant_is_looked_at_again() {
    let world = World::new().await;
    let (ann, bob) = (session("ann"), session("bob"));
    let token = world.token(b"value").await;
    world.vault.grant(&ann, &token, later(10)).await.unwrap();

    // A ticket that claims more than the grant gives, and one for a session without a grant.
    let long = world
        .vault
        .issue_download(&ann, &token, later(50_000))
        .await;
    let long = long.unwrap().unwrap();
    let none = world
        .vault
        .issue_download(&bob, &token, later(50_000))
        .await;
    assert!(!is_open(&world, &none.unwrap().unwrap()).await);
    assert!(is_open(&world, &long).await);
    world.clock.advance(Duration::from_millis(10));
    assert!(!is_open(&world, &long).await);
}

#[tokio::test]
async fn what_is_not_there() {
    let world = World::new().await;
    let ann = session("ann");
    let empty = world.vault.create_token(None, None).await.unwrap();
    for token in [empty.token, some_token()] {
        let issued = world.vault.issue_download(&ann, &token, later(10)).await;
        assert!(issued.unwrap().is_none());
    }
    // Of another store, where none of the rows is.
    let elsewhere = World::new().await;
    let token = world.token(b"value").await;
    let issued = world.vault.issue_download(&ann, &token, later(10)).await;
    let unknown = issued.unwrap().unwrap();
    let download = elsewhere.vault.open_download(&unknown).await.unwrap();
    assert!(download.is_none());
}

#[tokio::test]
async fn the_length_is_known_before_the_first_chunk() {
    let world = World::new().await;
    let ann = session("ann");
    let token = world.token(&[9; 70_000]).await;
    world.vault.grant(&ann, &token, later(10)).await.unwrap();
    let issued = world.vault.issue_download(&ann, &token, later(10)).await;
    let issued = issued.unwrap().unwrap();
    let download = world.vault.open_download(&issued).await;
    let mut download = download.unwrap().unwrap();
    assert_eq!(download.length(), 70_000);
    let mut lengths = Vec::new();
    while let Some(chunk) = download.next_chunk().await.unwrap() {
        lengths.push(chunk.len());
    }
    assert_eq!(lengths, [64_512, 5_488]);
    assert_eq!(download.next_chunk().await.unwrap(), None);
}
