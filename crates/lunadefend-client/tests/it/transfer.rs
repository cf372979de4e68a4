//! Session transfer: where the browser is sent, and what is published.

use crate::support::{Server, base, client_of, session, signing_key, verify, yes};
use lunadefend_client::SessionIds;
use lunadefend_core::provider::{SessionTransfer, TransferState, Verdict};
use lunadefend_crypto::{base64url, base64url_decode, sha256};
use lunadefend_jwt::{JwtProfile, TRANSFER_TYP};

fn state(text: &str) -> TransferState {
    TransferState::from_query(Some(&format!("state={text}"))).unwrap()
}

fn decoded(part: &str) -> String {
    String::from_utf8(base64url_decode(part).unwrap()).unwrap()
}

/// As recorded: `Location: http://127.0.0.1:47799/session/create?state=abc&openid_token=<JWT ..>`.
#[tokio::test]
async fn the_redirect_is_the_originals() {
    let client = client_of("http://127.0.0.1:47799").build().unwrap();
    let url = client.transfer(&state("abc"), &session()).await.unwrap();
    let jwt = url
        .expose_secret()
        .strip_prefix("http://127.0.0.1:47799/session/create?state=abc&openid_token=")
        .unwrap();
    let parts: Vec<_> = jwt.split('.').collect();
    assert_eq!(decoded(parts[0]), r#"{"alg":"RS256"}"#);
    assert_eq!(
        decoded(parts[1]),
        r#"{"session_id":"session-abc","iat":1700000000,"iss":"node-sdk","sub":"user","aud":"secure-frame","exp":1700000900}"#
    );
}

#[tokio::test]
async fn the_public_url_with_its_path() {
    for (public, expected) in [
        (
            "https://t.example.com",
            "https://t.example.com/session/create?",
        ),
        (
            "https://t.example.com/prod/",
            "https://t.example.com/prod/session/create?",
        ),
    ] {
        let client = client_of("http://127.0.0.1:1/internal")
            .public_tokenizer_url(base(public))
            .build()
            .unwrap();
        let url = client
            .transfer(&state("a.b_c~d-e"), &session())
            .await
            .unwrap();
        let query = url.expose_secret().strip_prefix(expected).unwrap();
        // Form encoding.
        assert!(query.starts_with("state=a.b_c%7Ed-e&openid_token=ey"));
    }
}

#[tokio::test]
async fn by_default_the_jwt_is_good_for_this_transfer_alone() {
    let client = client_of("http://127.0.0.1:47799")
        .jwt_profile(JwtProfile::Hardened)
        .session_ids(SessionIds::Hashed)
        .build()
        .unwrap();
    let url = client.transfer(&state("abc"), &session()).await.unwrap();
    assert!(!url.expose_secret().contains("session-abc"));
    let (_, jwt) = url.expose_secret().split_once("openid_token=").unwrap();
    let parts: Vec<_> = jwt.split('.').collect();
    let header: serde_json::Value = serde_json::from_str(&decoded(parts[0])).unwrap();
    let claims: serde_json::Value = serde_json::from_str(&decoded(parts[1])).unwrap();
    assert_eq!(header["typ"], TRANSFER_TYP);
    assert_eq!(claims["exp"], 1_700_000_060);
    assert_eq!(claims["nonce"], base64url(&sha256(b"abc")));
    assert_eq!(claims["tokenizer"], "http://127.0.0.1:47799");
    let session_id = claims["session_id"].as_str().unwrap();
    assert_eq!(session_id.len(), 43, "a SHA-256");

    // Grants and JWTs must speak of the same session.
    let server = Server::answering(yes(r#"{"valid":true}"#)).await;
    let client = server
        .client()
        .session_ids(SessionIds::Hashed)
        .build()
        .unwrap();
    assert_eq!(verify(&client).await.unwrap(), Verdict::Valid);
    assert!(server.requests()[0].text().contains(session_id));
}

#[tokio::test]
async fn the_key_set() {
    let client = client_of("http://127.0.0.1:47799").build().unwrap();
    let jwks = client.jwks().await.unwrap();
    let set: serde_json::Value = serde_json::from_slice(&jwks.body).unwrap();
    let key = &set["keys"][0];
    assert_eq!(key["kid"], signing_key().public_key().thumbprint());
    assert_eq!(key["n"], base64url(signing_key().public_key().n()));
    let again = client.jwks().await.unwrap();
    assert_eq!(again.etag, jwks.etag);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_transfers_at_once_all_end() {
    let client = client_of("http://127.0.0.1:47799").build().unwrap();
    let tasks: Vec<_> = (0..200)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move {
                client.transfer(&state("abc"), &session()).await.unwrap();
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(client.keys().signatures(), 200);
}
