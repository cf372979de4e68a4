//! The requests, byte for byte like those of LunaSec's SDK (recorded at unix time 1700000000).

use crate::support::{
    Act, Recorded, Server, T1, T2, base, grant, session, signing_key, token, yes,
};
use lunadefend_client::{Client, SessionIds};
use lunadefend_core::{SessionId, provider::GrantService};
use lunadefend_crypto::base64url_decode;
use lunadefend_jwt::JwtProfile;

async fn yes_man() -> Server {
    Server::start(|_, request| match &*request.target {
        target if target.ends_with("/grant/verify") => Act::Send(yes(r#"{"valid":true}"#)),
        _ => Act::Send(yes("{}")),
    })
    .await
}

fn parts(jwt: &str) -> [Vec<u8>; 3] {
    let parts: Vec<_> = jwt
        .split('.')
        .map(|part| base64url_decode(part).unwrap())
        .collect();
    parts.try_into().unwrap()
}

fn assert_recorded_headers(request: &Recorded) {
    assert_eq!(request.method, "POST");
    assert_eq!(request.header("content-type"), "application/json");
    assert_eq!(
        request.header("content-length"),
        request.body.len().to_string()
    );
    let jwt = request.header("authorization");
    let [header, claims, signature] = parts(jwt);
    assert_eq!(header, br#"{"alg":"RS256"}"#);
    assert_eq!(
        String::from_utf8(claims).unwrap(),
        r#"{"iat":1700000000,"iss":"node-sdk","sub":"application","aud":"secure-frame","exp":1700000900}"#
    );
    assert_eq!(signature.len(), 256);
    let (signed, _) = jwt.rsplit_once('.').unwrap();
    signing_key()
        .public_key()
        .verify(signed.as_bytes(), &signature)
        .unwrap();
}

#[tokio::test]
async fn create_and_verify_are_the_originals() {
    let server = yes_man().await;
    let client = server.client().max_in_flight(1).build().unwrap();

    client
        .grant_all(&session(), &[grant(T1, None)])
        .await
        .unwrap();
    client
        .grant_all(&session(), &[grant(T1, Some("15m"))])
        .await
        .unwrap();
    client
        .grant_all(
            &session(),
            &[grant(T1, Some("1h10m30s")), grant(T2, Some("1h10m30s"))],
        )
        .await
        .unwrap();
    let unicode = SessionId::new("s\u{e9}\"\u{2028}\u{1f600}").unwrap();
    client
        .grant_all(&unicode, &[grant(T1, None)])
        .await
        .unwrap();
    client.verify_all(&session(), &[token(T1)]).await.unwrap();
    client
        .verify_all(&session(), &[token(T1), token(T2)])
        .await
        .unwrap();

    let recorded = [
        (
            "/grant/set",
            r#"{"sessionId":"session-abc","tokenId":"lunasec-0a1b2c3d-1111-4222-8333-444455556666"}"#,
        ),
        (
            "/grant/set",
            r#"{"sessionId":"session-abc","tokenId":"lunasec-0a1b2c3d-1111-4222-8333-444455556666","customDuration":"15m"}"#,
        ),
        (
            "/grant/set",
            r#"{"sessionId":"session-abc","tokenId":"lunasec-0a1b2c3d-1111-4222-8333-444455556666","customDuration":"1h10m30s"}"#,
        ),
        (
            "/grant/set",
            r#"{"sessionId":"session-abc","tokenId":"lunasec-99999999-AAAA-4bbb-8CCC-ddddEEEE0000","customDuration":"1h10m30s"}"#,
        ),
        (
            "/grant/set",
            "{\"sessionId\":\"s\u{e9}\\\"\u{2028}\u{1f600}\",\"tokenId\":\"lunasec-0a1b2c3d-1111-4222-8333-444455556666\"}",
        ),
        (
            "/grant/verify",
            r#"{"sessionId":"session-abc","tokenId":"lunasec-0a1b2c3d-1111-4222-8333-444455556666"}"#,
        ),
        (
            "/grant/verify",
            r#"{"sessionId":"session-abc","tokenId":"lunasec-0a1b2c3d-1111-4222-8333-444455556666"}"#,
        ),
        (
            "/grant/verify",
            r#"{"sessionId":"session-abc","tokenId":"lunasec-99999999-AAAA-4bbb-8CCC-ddddEEEE0000"}"#,
        ),
    ];
    let requests = server.requests();
    assert_eq!(requests.len(), recorded.len());
    for (request, (target, body)) in requests.iter().zip(recorded) {
        assert_eq!((&*request.target, request.text()), (target, body));
        assert_recorded_headers(request);
    }
    assert_eq!(client.keys().signatures(), 1);
}

#[tokio::test]
async fn the_base_path_is_kept() {
    let server = yes_man().await;
    for (path, target) in [
        ("", "/grant/verify"),
        ("/", "/grant/verify"),
        ("/prod", "/prod/grant/verify"),
        ("/prod/", "/prod/grant/verify"),
    ] {
        let url = format!("{}{path}", server.url);
        let client = Client::builder(base(&url), signing_key()).build().unwrap();
        client.verify_all(&session(), &[token(T1)]).await.unwrap();
        assert_eq!(server.requests().pop().unwrap().target, target, "{path:?}");
    }
}

#[tokio::test]
async fn no_tokens_are_no_requests_and_no_signature() {
    let server = yes_man().await;
    let client = server.client().build().unwrap();
    assert!(client.verify_all(&session(), &[]).await.unwrap().is_empty());
    client.grant_all(&session(), &[]).await.unwrap();
    assert!(server.requests().is_empty());
    assert_eq!(client.keys().signatures(), 0);
}

#[tokio::test]
async fn the_default_says_more_and_sends_no_session_id() {
    let server = yes_man().await;
    let client = server
        .client()
        .jwt_profile(JwtProfile::default())
        .session_ids(SessionIds::default())
        .build()
        .unwrap();
    client.verify_all(&session(), &[token(T1)]).await.unwrap();
    let request = server.requests().pop().unwrap();
    assert!(!request.text().contains("session-abc"));

    let [header, claims, _] = parts(request.header("authorization"));
    let header: serde_json::Value = serde_json::from_slice(&header).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(header["kid"], signing_key().public_key().thumbprint());
    assert_eq!(claims["tokenizer"], server.url);

    // The JWTs are for the tokenizer as it knows itself.
    let client = server
        .client()
        .jwt_profile(JwtProfile::default())
        .public_tokenizer_url(base("https://tokenizer.example.com/prod"))
        .build()
        .unwrap();
    client.verify_all(&session(), &[token(T1)]).await.unwrap();
    let request = server.requests().pop().unwrap();
    let [_, claims, _] = parts(request.header("authorization"));
    let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(claims["tokenizer"], "https://tokenizer.example.com");
}
