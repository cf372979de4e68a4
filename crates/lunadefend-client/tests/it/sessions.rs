//! The end of a session, and calls for an ended session.

use crate::support::{self, Act, Server, T1, answer, client_of, json, session, shown, yes};
use lunadefend_client::{Client, SessionIds};
use lunadefend_core::{
    Error, ErrorKind, Sessions, VerifiedToken,
    provider::{SessionService, Verdict},
    wire::Metadata,
};

const ENDED: &str = r#"{"success":false,"error":{"errorName":"sessionEnded","errorMessage":"this session has ended","name":"sessionEnded","message":"this session has ended"}}"#;

async fn end(client: &Client) -> Result<(), Error> {
    Sessions::new(client.clone()).end(&session()).await
}

#[tokio::test]
async fn the_end_of_a_session_is_said_with_the_id_that_the_tokenizer_knows() {
    for (ids, wire_id) in [
        (SessionIds::Raw, "session-abc"),
        (
            SessionIds::Hashed,
            "94AgCStMEksB27IX7v1Ep9SyUmSgsJV3cePAnDO2MjE",
        ),
        (
            SessionIds::keyed(&[7; 32]).unwrap(),
            "-mk_mP_W6aFoPIOdxDlQ2yLti_wgSIAbQRsZh5wgpg8",
        ),
    ] {
        let server = Server::answering(yes("{}")).await;
        let client = server.client().session_ids(ids).build().unwrap();
        end(&client).await.unwrap();

        let [request] = <[_; 1]>::try_from(server.requests()).unwrap();
        assert_eq!(request.method, "POST");
        assert_eq!(request.target, "/v2/sessions/revoke");
        assert_eq!(request.header("content-type"), "application/json");
        assert_eq!(request.text(), format!(r#"{{"sessionId":"{wire_id}"}}"#));
        let claims = request.header("authorization").split('.').nth(1).unwrap();
        let claims = lunadefend_crypto::base64url_decode(claims).unwrap();
        let claims = String::from_utf8(claims).unwrap();
        assert!(claims.contains(r#""sub":"application""#), "{claims}");
    }
}

#[tokio::test]
async fn ending_a_session_is_tried_again_like_a_grant() {
    let server = Server::start(|number, _| match number {
        0 => Act::Reset,
        1 => Act::Send(answer(503, "", "")),
        _ => Act::Send(yes("{}")),
    })
    .await;
    end(&server.client().build().unwrap()).await.unwrap();
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn a_tokenizer_that_cannot_end_sessions_is_too_old() {
    for status in [404, 405] {
        for body in ["404 page not found\n", "", ENDED] {
            let server = Server::answering(answer(status, "", body)).await;
            let error = end(&server.client().build().unwrap()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TokenizerTooOld, "{status}");
            assert_eq!((error.name(), &*error.code()), ("tokenizerTooOld", "501"));
            assert_eq!(server.requests().len(), 1, "{status}: no retry");
        }
        // Of the other routes they say what they always said.
        let server = Server::answering(answer(status, "", "404 page not found\n")).await;
        let error = support::verify(&server.client().build().unwrap()).await;
        assert_eq!(error.unwrap_err().kind(), ErrorKind::TokenizerNotFound);
    }
}

#[tokio::test]
async fn only_a_whole_yes_ends_a_session() {
    use ErrorKind::{
        BadTokenizerResponse, SessionEnded, TokenizerRejected, TokenizerUnauthorized,
        TokenizerUnavailable,
    };
    let page = answer(200, "content-type: text/html\r\n", "<html>");
    for (bytes, kind) in [
        (
            json(200, r#"{"success":true,"error":{},"data":[]}"#),
            BadTokenizerResponse,
        ),
        (
            json(200, r#"{"success":true,"error":{},"data":null}"#),
            BadTokenizerResponse,
        ),
        (
            json(200, r#"{"success":true,"error":{}}"#),
            BadTokenizerResponse,
        ),
        (
            json(200, r#"{"success":false,"error":{},"data":{}}"#),
            BadTokenizerResponse,
        ),
        (json(200, "{}"), BadTokenizerResponse),
        (
            json(201, r#"{"success":true,"error":{},"data":{}}"#),
            BadTokenizerResponse,
        ),
        (answer(204, "", ""), BadTokenizerResponse),
        (answer(302, "location: /\r\n", ""), BadTokenizerResponse),
        (page, BadTokenizerResponse),
        (
            json(400, r#"{"success":false,"error":{"errorName":"E"}}"#),
            TokenizerRejected,
        ),
        (json(400, ENDED), SessionEnded),
        (answer(401, "", "Unauthorized\n"), TokenizerUnauthorized),
        (answer(500, "", ""), TokenizerUnavailable),
        (answer(503, "", ""), TokenizerUnavailable),
    ] {
        let server = Server::answering(bytes.clone()).await;
        let client = server.client().max_retries(0).build().unwrap();
        let error = end(&client).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{}", String::from_utf8_lossy(&bytes));
    }
}

#[tokio::test]
async fn every_call_of_an_ended_session_says_that_it_has_ended() {
    let server = Server::answering(json(400, ENDED)).await;
    let client = server.client().build().unwrap();
    let tokenizer = client.tokenizer();
    let token = VerifiedToken::assertion(T1).unwrap();
    let session = session();
    let metadata = Metadata::string();
    let errors = [
        support::create(&client).await.unwrap_err(),
        support::verify(&client).await.unwrap_err(),
        end(&client).await.unwrap_err(),
        tokenizer
            .tokenize_text(&session, "x", &metadata)
            .await
            .unwrap_err(),
        tokenizer.detokenize(&session, &token).await.unwrap_err(),
        tokenizer.metadata(&session, &token).await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::SessionEnded);
        assert_eq!((error.name(), &*error.code()), ("sessionError", "401"));
        assert!(error.message().contains("a new id at each log-in"));
        assert!(!shown(&error).contains("session-abc"));
    }
    // Upload and download URLs of it as well.
    for (route, data) in [
        (
            "/tokenize",
            r#"{"tokenId":"lunasec-0a1b2c3d-1111-4222-8333-444455556666","uploadUrl":"URL/blob","headers":{}}"#,
        ),
        ("/detokenize", r#"{"downloadUrl":"URL/blob","headers":{}}"#),
    ] {
        let server = Server::start(move |_, request| {
            Act::Send(match &*request.target {
                target if target == route => {
                    let here = format!("http://{}", request.header("host"));
                    yes(&data.replace("URL", &here))
                }
                _ => json(400, ENDED),
            })
        })
        .await;
        let tokenizer = server.client().build().unwrap().tokenizer();
        let kind = if route == "/tokenize" {
            let stored = tokenizer.tokenize_text(&session, "x", &metadata).await;
            stored.unwrap_err().kind()
        } else {
            let read = tokenizer.detokenize(&session, &token).await;
            read.unwrap_err().kind()
        };
        assert_eq!(kind, ErrorKind::SessionEnded, "{route}");
    }
}

#[tokio::test]
async fn an_ended_session_is_a_matter_of_name_and_status() {
    // By another name, or by another status, it is what it was.
    let other = ENDED.replace("sessionEnded", "TokenizerError");
    let server = Server::answering(json(400, &other)).await;
    let error = support::create(&server.client().build().unwrap()).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::GrantCreation);
    let server = Server::answering(json(401, ENDED)).await;
    let error = support::create(&server.client().build().unwrap()).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::TokenizerUnauthorized);

    // LunaSec's response is enough.
    let original = r#"{"success":false,"error":{"errorName":"sessionEnded","errorMessage":"x"}}"#;
    let server = Server::answering(json(400, original)).await;
    let error = support::create(&server.client().build().unwrap()).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::SessionEnded);

    let server = Server::answering(yes(r#"{"valid":false}"#)).await;
    let verdict = support::verify(&server.client().build().unwrap()).await;
    assert_eq!(verdict.unwrap(), Verdict::Invalid);
}

/// Computed with Python's hashlib and hmac: tokenizers must be able to agree with us.
#[test]
fn the_session_of_a_page_is_named_by_the_id_that_the_tokenizer_knows() {
    for (ids, expected) in [
        (SessionIds::Hashed, "2b6f30c56ce439447fb74204f501546c"),
        (
            SessionIds::keyed(&[7; 32]).unwrap(),
            "719eb41e61b0a92773d3f255afac8bba",
        ),
        (SessionIds::Raw, "1d17c97bc8c5c01a068b9a2750c63c93"),
    ] {
        let client = client_of("http://127.0.0.1:1")
            .session_ids(ids)
            .build()
            .unwrap();
        let page_session = client.page_session(&session()).unwrap();
        assert_eq!(page_session.to_string(), expected);
    }
}
