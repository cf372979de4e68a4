//! What a session leaves behind when the application ends it: nothing that counts.

use super::*;

const LATER: UnixMillis = UnixMillis::new(START.get() + 10_000_000);

/// All that a session can have.
struct Had {
    handle: SessionHandle,
    token: TokenId,
    issued: DownloadTicket,
    open: NewToken,
}

impl Had {
    async fn by(world: &World, id: &str) -> Self {
        let vault = &world.vault;
        let owner = session(id);
        let until = later(900_000);
        let (_, state) = issue_state(vault, "main");
        let made = vault.create_session(&state, id.as_bytes(), until, &owner);
        let handle = made.await.unwrap().handle().unwrap();
        let new = vault.create_token(None, Some((&owner, until))).await;
        let new = new.unwrap();
        world.upload(&new, b"value").await;
        let issued = vault.issue_download(&owner, &new.token, until).await;
        // Its URL knows the end of the session beside the quota that it counts for.
        let open = vault.create_waiting_token(None, Some(counted(&owner, until, Quota::UNLIMITED)));
        Self {
            handle,
            token: new.token,
            issued: issued.unwrap().unwrap(),
            open: open.await.unwrap(),
        }
    }

    /// Which of it counts: browser session, grant, download URL, upload URL.
    async fn counts(&self, world: &World, id: &str) -> [bool; 4] {
        let vault = &world.vault;
        let session_there = vault.session(self.handle.expose_secret()).await;
        let granted = vault.grant_expiry(&session(id), &self.token).await;
        let download = vault.open_download(&self.issued).await;
        let upload = match vault.begin_upload(&self.open.upload, MAX).await {
            Ok(upload) => {
                upload.abort().await.unwrap();
                true
            }
            Err(UploadError::Unknown) => false,
            Err(error) => panic!("{error}"),
        };
        [
            session_there.unwrap().is_some(),
            granted.unwrap().is_some(),
            download.unwrap().is_some(),
            upload,
        ]
    }
}

#[tokio::test]
async fn nothing_of_an_ended_session_counts() {
    let world = World::new().await;
    let (ann, bob) = (Had::by(&world, "ann").await, Had::by(&world, "bob").await);
    assert_eq!(ann.counts(&world, "ann").await, [true; 4]);
    for _ in 0..2 {
        world
            .vault
            .end_session(&session("ann"), LATER)
            .await
            .unwrap();
        assert!(world.vault.is_ended(&session("ann")).await.unwrap());
        assert_eq!(ann.counts(&world, "ann").await, [false; 4]);
        assert!(!world.vault.is_ended(&session("bob")).await.unwrap());
        assert_eq!(bob.counts(&world, "bob").await, [true; 4]);
    }
}

/// Whatever comes between the check and the write of a request changes nothing.
#[tokio::test]
async fn what_is_made_after_the_end_counts_no_more_than_before() {
    let world = World::new().await;
    let ann = session("ann");
    // As a request does that looked just before the end and writes just after it.
    let had = Had::by(&world, "ann").await;
    world.vault.end_session(&ann, LATER).await.unwrap();
    let until = later(800_000);
    let token = world.token(b"value").await;
    world.vault.grant(&ann, &token, until).await.unwrap();
    let issued = world.vault.issue_download(&ann, &token, until).await;
    let open = world.vault.create_token(None, Some((&ann, until))).await;
    let late = Had {
        handle: had.handle,
        token,
        issued: issued.unwrap().unwrap(),
        open: open.unwrap(),
    };
    assert_eq!(late.counts(&world, "ann").await, [false; 4]);
}

#[tokio::test]
async fn no_session_is_made_of_an_ended_one_and_state_and_jwt_are_used_up() {
    let world = World::new().await;
    let (ann, bob) = (session("ann"), session("bob"));
    world.vault.end_session(&ann, LATER).await.unwrap();
    let (_, state) = issue_state(&world.vault, "main");
    let made = world
        .vault
        .create_session(&state, b"jti", LATER, &ann)
        .await;
    assert!(matches!(made.unwrap(), Transfer::SessionEnded));
    let made = world
        .vault
        .create_session(&state, b"new", LATER, &bob)
        .await;
    assert!(matches!(made.unwrap(), Transfer::StateUsed));
    let (_, fresh) = issue_state(&world.vault, "main");
    let made = world
        .vault
        .create_session(&fresh, b"jti", LATER, &bob)
        .await;
    assert!(matches!(made.unwrap(), Transfer::JwtUsed));
}

/// No clock decides: as long as it is not purged the end holds, also past the time for which it must.
#[tokio::test]
async fn an_end_is_there_or_not() {
    let world = World::new().await;
    let ann = session("ann");
    world.vault.end_session(&ann, later(10)).await.unwrap();
    world.clock.set(LATER);
    assert!(world.vault.is_ended(&ann).await.unwrap());
    // Ending it again never makes it shorter.
    world.clock.set(START);
    world.vault.end_session(&ann, LATER).await.unwrap();
    world.vault.end_session(&ann, later(20)).await.unwrap();
    world.clock.set(UnixMillis::new(LATER.get() - 1));
    world.vault.purge_expired().await.unwrap();
    assert!(world.vault.is_ended(&ann).await.unwrap());
    world.clock.set(LATER);
    world.vault.purge_expired().await.unwrap();
    assert!(!world.vault.is_ended(&ann).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_races_with_a_grant_wins() {
    let world = World::new().await;
    for round in 0..50_u8 {
        let (id, token) = (session(&format!("racer-{round}")), some_token());
        let (one, other) = (world.vault.clone(), world.vault.clone());
        let (ending, granted) = (id.clone(), id.clone());
        let granting = {
            let token = token.clone();
            tokio::spawn(async move { one.grant(&granted, &token, LATER).await })
        };
        let ending = tokio::spawn(async move { other.end_session(&ending, LATER).await });
        granting.await.unwrap().unwrap();
        ending.await.unwrap().unwrap();
        let expiry = world.vault.grant_expiry(&id, &token).await;
        assert_eq!(expiry.unwrap(), None);
    }
}
