//! Revoking grants by token, and deleting tokens.

use crate::support::{Act, Server, T1, answer, json, session, shown, yes};
use lunadefend_client::{Client, SessionIds};
use lunadefend_core::{Error, ErrorKind, Grants, VerifiedToken};
use lunadefend_crypto::{base64url, base64url_decode, sha256};
use serde_json::Value;
use std::collections::HashSet;

fn token(number: usize) -> VerifiedToken {
    let id = format!("lunasec-0a1b2c3d-1111-4222-8333-{number:012}");
    VerifiedToken::assertion(&id).unwrap()
}

async fn revoke_all(client: &Client) -> Result<(), Error> {
    let token = VerifiedToken::assertion(T1).unwrap();
    Grants::new(client.clone()).revoke_all(&token).await
}

async fn delete(client: &Client) -> Result<(), Error> {
    let token = VerifiedToken::assertion(T1).unwrap();
    client.tokenizer().delete(&[token]).await
}

/// Header and claims of a JWT.
fn parts(jwt: &str) -> [Value; 2] {
    let part = |part| {
        let text = base64url_decode(jwt.split('.').nth(part).unwrap()).unwrap();
        serde_json::from_slice(&text).unwrap()
    };
    [part(0), part(1)]
}

#[tokio::test]
async fn each_request_has_a_jwt_for_its_route_and_body() {
    let server = Server::answering(yes("{}")).await;
    let ids = SessionIds::Hashed;
    let client = server.client().session_ids(ids).build().unwrap();
    let grants = Grants::new(client.clone());
    let token = VerifiedToken::assertion(T1).unwrap();
    grants.revoke(&session(), &token).await.unwrap();
    revoke_all(&client).await.unwrap();
    delete(&client).await.unwrap();

    let expected = [
        (
            "/v2/grants/revoke",
            format!(
                r#"{{"sessionId":"94AgCStMEksB27IX7v1Ep9SyUmSgsJV3cePAnDO2MjE","tokenId":"{T1}"}}"#
            ),
        ),
        ("/v2/grants/revoke", format!(r#"{{"tokenId":"{T1}"}}"#)),
        ("/v2/tokens/delete", format!(r#"{{"tokenIds":["{T1}"]}}"#)),
    ];
    let requests = server.requests();
    assert_eq!(requests.len(), expected.len());
    for (request, (route, body)) in requests.iter().zip(expected) {
        assert_eq!((&*request.method, &*request.target), ("POST", route));
        assert_eq!(request.header("content-type"), "application/json");
        assert_eq!(request.text(), body);
        let [header, claims] = parts(request.header("authorization"));
        assert_eq!(header["typ"], "lunadefend-destroy+jwt");
        assert_eq!(claims["sub"], "application");
        assert_eq!(claims["route"], route);
        assert_eq!(claims["body_sha256"], base64url(&sha256(body.as_bytes())));
        let lifetime = claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap();
        assert_eq!(lifetime, 60);
    }
}

#[tokio::test]
async fn each_attempt_has_a_jwt_of_its_own() {
    let server = Server::start(|number, _| match number % 3 {
        0 => Act::Reset,
        1 => Act::Send(answer(503, "", "")),
        _ => Act::Send(yes("{}")),
    })
    .await;
    let client = server.client().build().unwrap();
    revoke_all(&client).await.unwrap();
    delete(&client).await.unwrap();
    let requests = server.requests();
    let ids = requests.iter().map(|request| {
        let [_, claims] = parts(request.header("authorization"));
        claims["jti"].as_str().unwrap().to_owned()
    });
    assert_eq!(ids.collect::<HashSet<_>>().len(), 6);
    assert_eq!(requests[0].text(), requests[2].text());
}

#[tokio::test]
async fn more_tokens_than_a_request_holds() {
    let server = Server::answering(yes("{}")).await;
    let client = server.client().build().unwrap();
    let tokens: Vec<_> = (0..201).map(token).collect();
    client.tokenizer().delete(&tokens).await.unwrap();
    let lengths = server.requests().into_iter().map(|request| {
        let body: Value = serde_json::from_str(&request.text()).unwrap();
        body["tokenIds"].as_array().unwrap().len()
    });
    assert_eq!(lengths.collect::<Vec<_>>(), [100, 100, 1]);
    client.tokenizer().delete(&[]).await.unwrap();
    assert_eq!(server.requests().len(), 3, "nothing costs no call");
}

#[tokio::test]
async fn only_a_whole_yes_counts() {
    use ErrorKind::{
        BadTokenizerResponse, TokenizerRejected, TokenizerTooOld, TokenizerUnauthorized,
        TokenizerUnavailable,
    };
    for (bytes, revoke, deletes) in [
        (
            answer(404, "", "404 page not found\n"),
            TokenizerTooOld,
            TokenizerTooOld,
        ),
        (answer(405, "", ""), TokenizerTooOld, TokenizerTooOld),
        (
            answer(401, "", "Unauthorized\n"),
            TokenizerUnauthorized,
            TokenizerUnauthorized,
        ),
        // The tokenizer that does not delete says so by it.
        (
            answer(403, "", ""),
            TokenizerUnauthorized,
            TokenizerRejected,
        ),
        (json(400, "{}"), TokenizerRejected, TokenizerRejected),
        (
            answer(429, "", ""),
            TokenizerUnavailable,
            TokenizerUnavailable,
        ),
        (
            answer(500, "", ""),
            TokenizerUnavailable,
            TokenizerUnavailable,
        ),
        (
            answer(204, "", ""),
            BadTokenizerResponse,
            BadTokenizerResponse,
        ),
        (json(200, "{}"), BadTokenizerResponse, BadTokenizerResponse),
        (
            json(200, r#"{"success":false,"error":{},"data":{}}"#),
            BadTokenizerResponse,
            BadTokenizerResponse,
        ),
    ] {
        let server = Server::answering(bytes).await;
        let client = server.client().max_retries(0).build().unwrap();
        for (outcome, kind) in [
            (revoke_all(&client).await, revoke),
            (delete(&client).await, deletes),
        ] {
            let error = outcome.unwrap_err();
            assert_eq!(error.kind(), kind);
            assert!(!shown(&error).contains(T1));
        }
    }
    let server = Server::answering(answer(404, "", "")).await;
    let client = server.client().build().unwrap();
    let error = delete(&client).await.unwrap_err();
    assert_eq!((error.name(), &*error.code()), ("tokenizerTooOld", "501"));
    assert!(error.message().contains("cannot delete tokens"));
    let error = revoke_all(&client).await.unwrap_err();
    assert!(error.message().contains("cannot revoke grants"));
    let server = Server::answering(answer(403, "", "")).await;
    let error = delete(&server.client().build().unwrap()).await.unwrap_err();
    assert!(error.message().contains("LUNADEFEND_DELETE is off"));
}
