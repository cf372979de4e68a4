//! Both wire levels, and a tokenizer below a path.

use lunadefend::{JwtProfile, LunaDefend, Metadata, UntrustedToken};
use lunadefend_tests::{Settings, World, decode, http1, provider, signing_key};

/// All that the SDK does, once.
async fn everything(world: &World, luna: &LunaDefend) {
    let (ann, bob) = (
        world.application.log_in("ann"),
        world.application.log_in("bob"),
    );
    let api = luna.tokenizer();
    let token = api
        .tokenize(&ann, b"078-05-1120", &Metadata::string())
        .await
        .unwrap();
    luna.grants().grant(&bob, &token, None).await.unwrap();
    let untrusted = UntrustedToken::parse(token.expose_id()).unwrap();
    let verified = luna.grants().verify(&bob, untrusted).await.unwrap();
    let read = api.detokenize(&bob, &verified).await.unwrap();
    assert_eq!(read.expose_secret(), b"078-05-1120");
    let metadata = api.metadata(&bob, &verified).await.unwrap();
    assert_eq!(metadata.as_json(), r#"{"dataType":"string"}"#);
    drop(world.browser_in(&ann).await);
}

#[tokio::test]
async fn both_levels_with_hashed_and_raw_session_ids() {
    for wire in [JwtProfile::LunaSec, JwtProfile::Hardened] {
        for raw_session_ids in [true, false] {
            let world = World::with(Settings {
                wire,
                raw_session_ids,
                proxied: true,
                ..Settings::default()
            })
            .await;
            everything(&world, &world.luna()).await;

            let session = world.application.log_in_as("cyd", "session-abc");
            let requests = world.line_to_tokenizer().requests();
            let before = requests.len();
            let token = "lunasec-0a1b2c3d-1111-4222-8333-444455556666"
                .parse()
                .unwrap();
            let verified: Result<_, _> = world
                .luna()
                .grants()
                .verify::<UntrustedToken>(&session, token)
                .await;
            assert!(verified.is_err());
            let request = &world.line_to_tokenizer().requests()[before];
            assert_eq!(
                request.text().contains("session-abc"),
                raw_session_ids,
                "a session id leaves the application only if that is wanted"
            );
            let jwt = decode(request.header("authorization"));
            assert!(jwt.is_signed_by(signing_key().key.public_key()));
            assert_eq!(
                jwt.header == r#"{"alg":"RS256"}"#,
                wire == JwtProfile::LunaSec
            );
            assert_eq!(
                jwt.claim("tokenizer").as_str().unwrap_or_default(),
                match wire {
                    JwtProfile::LunaSec => String::new(),
                    JwtProfile::Hardened => world.line_to_tokenizer().url(),
                }
            );
        }
    }
}

/// A Node application beside ours, with the same key and sessions.
#[tokio::test]
async fn a_peer_of_level_1_shares_our_grants() {
    let world = World::with(Settings {
        wire: JwtProfile::LunaSec,
        raw_session_ids: true,
        ..Settings::default()
    })
    .await;
    let session = world.application.log_in_as("ann", "session-abc");
    let jwt = world.luna().client().keys().application().await.unwrap();
    let peer = async |path: &str, token: &str| {
        let body = format!(r#"{{"sessionId":"session-abc","tokenId":"{token}"}}"#);
        let request = format!(
            "POST {path} HTTP/1.1\r\nAccept: application/json, text/plain, */*\r\nContent-Type: application/json\r\nauthorization: {}\r\nUser-Agent: axios/0.21.4\r\nContent-Length: {}\r\nHost: {}\r\nConnection: close\r\n\r\n{body}",
            jwt.expose_secret(),
            body.len(),
            world.tokenizer.address,
        );
        let answer = http1::exchange(world.tokenizer.address, request.as_bytes()).await;
        (answer.status(), answer.text().to_owned())
    };
    let valid = |yes: bool| {
        let body = format!(r#"{{"success":true,"error":{{}},"data":{{"valid":{yes}}}}}"#);
        (200, body)
    };

    let theirs = "lunasec-0a1b2c3d-1111-4222-8333-444455556666";
    let luna = world.luna();
    let verify = async |token: &str| {
        let token: UntrustedToken = token.parse().unwrap();
        luna.grants().verify(&session, token).await
    };
    assert!(verify(theirs).await.is_err());
    let granted = r#"{"success":true,"error":{},"data":{}}"#.to_owned();
    assert_eq!(peer("/grant/set", theirs).await, (200, granted));
    let verified = verify(theirs).await.unwrap();
    assert_eq!(verified.expose_id(), theirs);

    let ours = luna
        .tokenizer()
        .tokenize(&session, b"v", &Metadata::string())
        .await
        .unwrap();
    assert_eq!(peer("/grant/verify", ours.expose_id()).await, valid(true));
    let unknown = "lunasec-99999999-AAAA-4bbb-8CCC-ddddEEEE0000";
    assert_eq!(peer("/grant/verify", unknown).await, valid(false));
}

#[tokio::test]
async fn below_a_path_with_and_without_a_slash_at_the_end() {
    let world = World::with(Settings {
        path: "/prod",
        proxied: true,
        ..Settings::default()
    })
    .await;
    let line = world.line_to_tokenizer();
    for path in ["/prod", "/prod/"] {
        let luna = LunaDefend::builder(line.url() + path)
            .signing_key(provider(signing_key()))
            .clock(world.clock.clone())
            .build()
            .await
            .unwrap();
        world.application.restart(luna.clone());
        everything(&world, &luna).await;
    }
    for request in line.requests() {
        let path = request.path();
        assert!(path.starts_with("/prod/") && !path.contains("//"), "{path}");
    }
    assert!(line.count("/prod/grant/set") >= 2);

    // The redirect keeps the path, which the original loses.
    let ann = world.application.log_in("ann");
    let mut browser = world.browser_of(&ann);
    let ensure = format!("{}/session/ensure", world.tokenizer.url);
    let trail = browser
        .load_no_cors(&world.tokenizer.url, &ensure)
        .await
        .unwrap();
    assert_eq!(trail[2].url.path(), "/prod/session/create");
    assert_eq!(trail[2].status, 200);
}
