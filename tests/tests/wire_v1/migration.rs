//! An application on the original's SDK and one on ours, with one key, one tokenizer and the same
//! sessions: what `docs/from-the-node-sdk.md` says of a migration.

use crate::{APPLICATION, HEADER, T1, T2};
use http::Method;
use lunadefend::{
    Error, ErrorKind, GrantDuration, JwtProfile, LunaDefend, Metadata, SessionId, UntrustedToken,
    VerifiedToken,
};
use lunadefend_crypto::base64url;
use lunadefend_tests::{
    Act, Settings, Stub, World, decode,
    http1::{Message, exchange, json},
    sign, signing_key,
};
use secrecy::ExposeSecret;
use std::{net::SocketAddr, time::Duration};

const SESSION: &str = "session-abc";
const GRANTED: &str = r#"{"success":true,"error":{},"data":{}}"#;
const VALID: &str = r#"{"success":true,"error":{},"data":{"valid":true}}"#;
const INVALID: &str = r#"{"success":true,"error":{},"data":{"valid":false}}"#;

/// As the page advises.
fn beside_node() -> Settings {
    Settings {
        wire: JwtProfile::LunaSec,
        raw_session_ids: true,
        ..Settings::default()
    }
}

/// `lunaSec.grants.create` and `lunaSec.grants.verify`, byte for byte but for `Host` and `Connection`.
async fn node(tokenizer: SocketAddr, path: &str, body: &str) -> Message {
    let jwt = sign(&signing_key().key, HEADER, APPLICATION);
    let request = format!(
        "POST {path} HTTP/1.1\r\nAccept: application/json, text/plain, */*\r\nContent-Type: application/json\r\nauthorization: {jwt}\r\nUser-Agent: axios/0.21.4\r\nContent-Length: {}\r\nHost: {tokenizer}\r\nConnection: close\r\n\r\n{body}",
        body.len(),
    );
    exchange(tokenizer, request.as_bytes()).await
}

fn pair(session: &str, token: &str) -> String {
    format!(r#"{{"sessionId":"{session}","tokenId":"{token}"}}"#)
}

async fn verify(luna: &LunaDefend, session: &str, token: &str) -> Result<(), Error> {
    let session = SessionId::new(session)?;
    let token: UntrustedToken = token.parse()?;
    luna.grants().verify(&session, token).await.map(drop)
}

async fn create(luna: &LunaDefend, session: &str, token: &str) -> Result<(), Error> {
    let session = SessionId::new(session)?;
    let token = VerifiedToken::assertion(token)?;
    let duration: GrantDuration = "15m".parse().unwrap();
    luna.grants()
        .grant(&session, token, duration)
        .await
        .map(drop)
}

#[tokio::test]
async fn a_grant_by_node_holds_for_us() {
    let world = World::with(beside_node()).await;
    let luna = world.luna();
    let tokenizer = world.tokenizer.address;
    let granted = node(tokenizer, "/grant/set", &pair(SESSION, T1)).await;
    assert_eq!((granted.status(), granted.text()), (200, GRANTED));
    let ten_minutes = pair(SESSION, T2).replace('}', r#","customDuration":"10m"}"#);
    let granted = node(tokenizer, "/grant/set", &ten_minutes).await;
    assert_eq!((granted.status(), granted.text()), (200, GRANTED));

    verify(&luna, SESSION, T1).await.unwrap();
    verify(&luna, SESSION, T2).await.unwrap();
    let error = verify(&luna, "session-xyz", T1).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidGrant);
    // Also by an extractor.
    let ann = world.application.log_in_as("ann", SESSION);
    let mut browser = world.browser_of(&ann);
    let app = world.application.url.clone();
    let (url, body) = (format!("{app}/profile"), format!(r#"{{"ssn":"{T1}"}}"#));
    let page = browser
        .fetch(&app, Method::POST, &url, &body)
        .await
        .unwrap();
    assert_eq!(page.status, 200, "{}", page.text());

    world.clock.advance(Duration::from_secs(600));
    verify(&luna, SESSION, T1).await.unwrap();
    let error = verify(&luna, SESSION, T2).await.unwrap_err();
    assert_eq!(
        error.kind(),
        ErrorKind::InvalidGrant,
        "ten minutes are over"
    );
}

#[tokio::test]
async fn a_grant_by_us_holds_for_node() {
    let world = World::with(beside_node()).await;
    let tokenizer = world.tokenizer.address;
    create(&world.luna(), SESSION, T1).await.unwrap();
    for (session, token, expected) in [
        (SESSION, T1, VALID),
        ("session-xyz", T1, INVALID),
        (SESSION, T2, INVALID),
    ] {
        let answer = node(tokenizer, "/grant/verify", &pair(session, token)).await;
        assert_eq!((answer.status(), answer.text()), (200, expected));
    }
}

/// Why the page says `SessionIds::Raw`.
#[tokio::test]
async fn hashed_session_ids_are_other_sessions() {
    let world = World::start().await;
    let (luna, tokenizer) = (world.luna(), world.tokenizer.address);
    let granted = node(tokenizer, "/grant/set", &pair(SESSION, T1)).await;
    assert_eq!(granted.status(), 200, "its JWTs are good");
    let error = verify(&luna, SESSION, T1).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidGrant);
    create(&luna, SESSION, T2).await.unwrap();
    let answer = node(tokenizer, "/grant/verify", &pair(SESSION, T2)).await;
    assert_eq!(answer.text(), INVALID);
}

#[tokio::test]
async fn a_session_that_node_has_moved_reads_what_we_granted() {
    let world = World::with(beside_node()).await;
    let tokenizer = world.tokenizer.url.clone();
    // The value of another session, granted to this one by us.
    let (luna, other) = (world.luna(), SessionId::new("session-xyz").unwrap());
    let token = luna
        .tokenizer()
        .tokenize(&other, b"078-05-1120", &Metadata::string())
        .await
        .unwrap();
    create(&luna, SESSION, token.expose_id()).await.unwrap();

    // `expressAuthPlugin` answers the browser that the tokenizer has sent to it.
    let mut browser = world.browser();
    let ensure = format!("{tokenizer}/session/ensure");
    let page = browser.send(Method::GET, &ensure, &[], b"").await.unwrap();
    let (_, state) = page.header("location").split_once("state=").unwrap();
    let claims = APPLICATION
        .replace(r#""application""#, r#""user""#)
        .replacen('{', &format!(r#"{{"session_id":"{SESSION}","#), 1);
    let jwt = sign(&signing_key().key, HEADER, &claims);
    let create = format!("{tokenizer}/session/create?state={state}&openid_token={jwt}");
    let page = browser.send(Method::GET, &create, &[], b"").await.unwrap();
    assert_eq!(page.status, 200, "{}", page.text());

    let body = format!(r#"{{"tokenId":"{}"}}"#, token.expose_id());
    let detokenize = format!("{tokenizer}/detokenize");
    let page = browser
        .fetch(&tokenizer, Method::POST, &detokenize, &body)
        .await
        .unwrap();
    assert_eq!(page.status, 200, "{}", page.text());
    let answer = page.json();
    let download = answer["data"]["downloadUrl"].as_str().unwrap();
    let page = browser
        .fetch(&tokenizer, Method::GET, download, "")
        .await
        .unwrap();
    assert_eq!(page.text(), "078-05-1120");
}

#[tokio::test]
async fn the_settings_of_the_page_are_such() {
    let page = include_str!("../../../docs/from-the-node-sdk.md");
    let (_, toml) = page.split_once("```toml\n").unwrap();
    let (toml, _) = toml.split_once("```").unwrap();
    let stub = Stub::start(|_, _| Act::Send(json(200, GRANTED))).await;
    let key = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&key, signing_key().pem.expose_secret()).unwrap();
    let toml = toml
        .replace("https://tokenizer.example.com", &stub.url())
        .replace(
            "/run/secrets/lunasec-signing-key",
            key.path().to_str().unwrap(),
        );
    let luna = LunaDefend::configuration()
        .toml(toml)
        .build()
        .await
        .unwrap();
    create(&luna, SESSION, T1).await.unwrap();

    let request = stub.requests().pop().unwrap();
    let fifteen_minutes = pair(SESSION, T1).replace('}', r#","customDuration":"15m"}"#);
    assert_eq!(request.text(), fifteen_minutes);
    let jwt = decode(request.header("authorization"));
    assert_eq!(jwt.header, HEADER);
    assert!(jwt.claim("tokenizer").is_null());
}

/// A tokenizer that has its keys from the Node application: that publishes none of our `kid`.
#[tokio::test]
async fn keys_from_the_node_application() {
    for (wire, expected) in [
        (JwtProfile::LunaSec, Ok(())),
        (JwtProfile::Hardened, Err(ErrorKind::TokenizerUnauthorized)),
    ] {
        let settings = Settings {
            wire,
            ..beside_node()
        };
        let world = World::around(settings, async |luna| {
            let node = Stub::start(|_, request| {
                assert_eq!(request.target(), "/.lunasec/jwks.json");
                let n = base64url(signing_key().key.public_key().n());
                let key =
                    format!(r#"{{"kty":"RSA","n":"{n}","e":"AQAB","kid":"lunasec-signing-key"}}"#);
                Act::Send(json(200, &format!(r#"{{"keys":[{key}]}}"#)))
            })
            .await;
            let address = node.address;
            ((node, luna), address)
        })
        .await;
        let (_, luna) = &world.application;
        let granted = create(luna, SESSION, T1)
            .await
            .map_err(|error| error.kind());
        assert_eq!(granted, expected, "{wire:?}");
        let answer = node(world.tokenizer.address, "/grant/set", &pair(SESSION, T1)).await;
        assert_eq!(answer.status(), 200, "Node's own JWTs");
    }
}

/// The other way: one that has them from ours, with the defaults or without, knows Node's JWTs.
#[tokio::test]
async fn keys_from_our_application() {
    for wire in [JwtProfile::LunaSec, JwtProfile::Hardened] {
        let settings = Settings {
            wire,
            ..beside_node()
        };
        let world = World::with(settings).await;
        let answer = node(world.tokenizer.address, "/grant/set", &pair(SESSION, T1)).await;
        assert_eq!(answer.status(), 200, "{wire:?}");
        verify(&world.luna(), SESSION, T1).await.unwrap();
    }
}
