//! The tokenizer API: tokenize, detokenize, metadata.

use crate::support::{Act, Recorded, Server, T1, answer, base, json, session, yes};
use lunadefend_client::TokenizerClient;
use lunadefend_core::{ErrorKind, VerifiedToken, wire::Metadata};
use lunadefend_crypto::base64url_decode;
use std::sync::{Arc, Mutex};

/// A tokenizer with one value, which it stores at its own origin.
async fn store() -> Server {
    let value = Arc::new(Mutex::new(Vec::new()));
    Server::start(move |_, request| {
        let host = request.header("host");
        let headers = r#"{"host":"elsewhere.example","x-amz-meta-k":"v","cookie":"c"}"#;
        Act::Send(match (&*request.method, &*request.target) {
            ("POST", "/tokenize") => yes(&format!(
                r#"{{"tokenId":"{T1}","uploadUrl":"http://{host}/bucket/obj?X-Amz-Signature=abc%2Bd&x=1","headers":{headers}}}"#
            )),
            ("POST", "/detokenize") => yes(&format!(
                r#"{{"downloadUrl":"http://{host}/bucket/obj?X-Amz-Signature=ghi","headers":{headers}}}"#
            )),
            ("POST", "/metadata/get") => {
                yes(r#"{"metadata":{"z":9007199254740993, "dataType":"string"}}"#)
            }
            ("PUT", "/bucket/obj?X-Amz-Signature=abc%2Bd&x=1") => {
                request.body.clone_into(&mut value.lock().unwrap());
                answer(200, "", "")
            }
            ("GET", "/bucket/obj?X-Amz-Signature=ghi") => answer(
                200,
                "content-type: application/octet-stream\r\n",
                &*value.lock().unwrap(),
            ),
            other => panic!("{other:?}"),
        })
    })
    .await
}

fn api(server: &Server) -> TokenizerClient {
    server.client().build().unwrap().tokenizer()
}

fn stored() -> VerifiedToken {
    VerifiedToken::assertion(T1).unwrap()
}

fn assert_without_credentials(request: &Recorded) {
    for name in ["authorization", "cookie", "referer"] {
        assert!(
            request.headers.iter().all(|(found, _)| found != name),
            "{name}"
        );
    }
    assert_ne!(request.header("host"), "elsewhere.example");
    assert_eq!(request.header("x-amz-meta-k"), "v");
}

#[tokio::test]
async fn requests_are_the_originals() {
    let server = store().await;
    let api = api(&server);
    let token = api
        .tokenize_text(&session(), "secret", &Metadata::string())
        .await
        .unwrap();
    assert_eq!(token, stored());
    let value = api.detokenize(&session(), &token).await.unwrap();
    assert_eq!(value.expose_secret(), b"secret");
    let metadata = api.metadata(&session(), &token).await.unwrap();
    assert_eq!(
        metadata.as_json(),
        r#"{"z":9007199254740993, "dataType":"string"}"#,
        "as it was given"
    );

    let requests = server.requests();
    let token_body = format!(r#"{{"tokenId":"{T1}"}}"#);
    for (request, (method, target, body)) in requests.iter().zip([
        ("POST", "/tokenize", r#"{"metadata":{"dataType":"string"}}"#),
        ("PUT", "/bucket/obj?X-Amz-Signature=abc%2Bd&x=1", "secret"),
        ("POST", "/detokenize", &token_body),
        ("GET", "/bucket/obj?X-Amz-Signature=ghi", ""),
        ("POST", "/metadata/get", &token_body),
    ]) {
        assert_eq!(
            (&*request.method, &*request.target, request.text()),
            (method, target, body)
        );
        if method == "POST" {
            assert_eq!(request.header("content-type"), "application/json");
            let claims = request.header("authorization").split('.').nth(1).unwrap();
            assert_eq!(
                String::from_utf8(base64url_decode(claims).unwrap()).unwrap(),
                r#"{"session_id":"session-abc","iat":1700000000,"iss":"node-sdk","sub":"user","aud":"secure-frame","exp":1700000900}"#
            );
        } else {
            assert_without_credentials(request);
        }
    }
    assert_eq!(requests[1].header("content-type"), "text/plain");
}

#[tokio::test]
async fn bytes_come_back_as_they_went_in() {
    let server = store().await;
    let api = api(&server);
    let random: Vec<u8> = (0..=255).cycle().take(1024 * 1024).collect();
    for value in [
        b"".as_slice(),
        b"1.10",
        b"{\"a\":1}",
        b"null",
        b"\x00\xff\x80\n",
        b"\xef\xbb\xbfbom",
        &random,
    ] {
        let token = api
            .tokenize(&session(), value, &Metadata::string())
            .await
            .unwrap();
        let upload = server.requests().pop().unwrap();
        assert_eq!(upload.header("content-type"), "application/octet-stream");
        assert_eq!(upload.header("content-length"), value.len().to_string());
        let back = api.detokenize(&session(), &token).await.unwrap();
        assert!(back.expose_secret() == value);
    }
}

/// Responds to `/detokenize` and `/tokenize` with a URL, and to everything else with `blob`.
async fn pointing_to(url: &str, blob: Vec<u8>) -> Server {
    let url = url.to_owned();
    Server::start(move |_, request| {
        let url = url.replace("HOST", request.header("host"));
        Act::Send(match &*request.target {
            "/tokenize" => yes(&format!(
                r#"{{"tokenId":"{T1}","uploadUrl":"{url}","headers":{{}}}}"#
            )),
            "/detokenize" => yes(&format!(r#"{{"downloadUrl":"{url}","headers":{{}}}}"#)),
            _ => blob.clone(),
        })
    })
    .await
}

#[tokio::test]
async fn a_hostile_tokenizer_cannot_send_us_elsewhere() {
    let victim = Server::answering(answer(200, "", "internal")).await;
    for url in [
        format!("{}/latest/meta-data", victim.url),
        victim.url.replace("http://", "http://HOST@"),
        victim.url.replace("http://", "http:\\\\/"),
        "https://HOST/blob".into(),
        "file:///etc/passwd".into(),
        "/blob".into(),
        "//HOST/blob".into(),
        String::new(),
    ] {
        // A backslash must be escaped to stand in JSON.
        let server = pointing_to(&url.replace('\\', "\\\\"), answer(200, "", "x")).await;
        let api = api(&server);
        let error = api.detokenize(&session(), &stored()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadTokenizerResponse, "{url}");
        assert!(error.message().contains("blob_origins"));
        let error = api
            .tokenize(&session(), b"v", &Metadata::string())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadTokenizerResponse, "{url}");
    }
    assert!(victim.requests().is_empty());

    // Unless that is where values are.
    let server = pointing_to(&format!("{}/bucket/x", victim.url), Vec::new()).await;
    let api = server
        .client()
        .blob_origins(vec![base(&victim.url)])
        .build()
        .unwrap()
        .tokenizer();
    let value = api.detokenize(&session(), &stored()).await.unwrap();
    assert_eq!(value.expose_secret(), b"internal");
    let public = server
        .client()
        .public_tokenizer_url(base(&victim.url))
        .build()
        .unwrap()
        .tokenizer();
    public.detokenize(&session(), &stored()).await.unwrap();
}

#[tokio::test]
async fn redirects_of_storage_are_not_followed() {
    let victim = Server::answering(answer(200, "", "internal")).await;
    let redirect = answer(302, &format!("location: {}/\r\n", victim.url), "");
    let server = pointing_to("http://HOST/blob", redirect).await;
    let error = api(&server)
        .detokenize(&session(), &stored())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadTokenizerResponse);
    assert!(victim.requests().is_empty());
}

#[tokio::test]
async fn values_over_the_limit_are_not_read() {
    let server = pointing_to("http://HOST/blob", answer(200, "", vec![b'x'; 101])).await;
    for (limit, fits) in [(101, true), (100, false)] {
        let api = server
            .client()
            .max_value_len(limit)
            .build()
            .unwrap()
            .tokenizer();
        match api.detokenize(&session(), &stored()).await {
            Ok(value) => assert!(fits && value.expose_secret().len() == 101),
            Err(error) => {
                assert!(!fits);
                assert_eq!(error.kind(), ErrorKind::BadTokenizerResponse);
                assert!(error.message().contains("max_value_len"));
            }
        }
    }
    let half = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf".to_vec();
    let server = pointing_to("http://HOST/blob", half).await;
    let error = api(&server)
        .detokenize(&session(), &stored())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadTokenizerResponse);
}

#[tokio::test]
async fn what_may_have_been_received_is_not_sent_twice() {
    for failure in [503, 502, 429] {
        let server = Server::answering(answer(failure, "", "")).await;
        let error = api(&server)
            .tokenize(&session(), b"v", &Metadata::string())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TokenizerUnavailable);
        assert_eq!(server.requests().len(), 1);

        let server = pointing_to("http://HOST/blob", answer(failure, "", "")).await;
        let error = api(&server)
            .tokenize(&session(), b"v", &Metadata::string())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TokenizerUnavailable);
        assert_eq!(server.requests().len(), 2);
    }
    let server = Server::start(|_, _| Act::Reset).await;
    let error = api(&server)
        .tokenize(&session(), b"v", &Metadata::string())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TokenizerUnavailable);
    assert_eq!(server.requests().len(), 1);
    // Reading is.
    let server = Server::start(|_, _| Act::Reset).await;
    let client = server.client().max_retries(1).build().unwrap();
    let read = client.tokenizer().detokenize(&session(), &stored()).await;
    read.unwrap_err();
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn refusals() {
    let failure = |status, text: &str| {
        json(
            status,
            &format!(
                r#"{{"success":false,"error":{{"name":"TokenizerError","message":"{text}"}}}}"#
            ),
        )
    };
    for (answer, kind) in [
        (
            failure(
                400,
                "session does not have valid token grant available to detokenize",
            ),
            ErrorKind::TokenizerRejected,
        ),
        (
            failure(404, "unable to locate data for token"),
            ErrorKind::TokenizerRejected,
        ),
        (
            answer(404, "", "404 page not found\n"),
            ErrorKind::TokenizerNotFound,
        ),
        (
            answer(401, "content-type: text/plain\r\n", "Unauthorized\n"),
            ErrorKind::TokenizerUnauthorized,
        ),
        (failure(500, "db down"), ErrorKind::TokenizerUnavailable),
        (
            json(200, r#"{"success":true,"error":{}}"#),
            ErrorKind::BadTokenizerResponse,
        ),
        (
            json(
                200,
                r#"{"success":false,"error":{"name":"E","message":"m"}}"#,
            ),
            ErrorKind::BadTokenizerResponse,
        ),
        (
            answer(200, "content-type: text/html\r\n", "<html>"),
            ErrorKind::BadTokenizerResponse,
        ),
    ] {
        let server = Server::answering(answer).await;
        let api = api(&server);
        let error = api.detokenize(&session(), &stored()).await.unwrap_err();
        assert_eq!(error.kind(), kind);
        let error = api.metadata(&session(), &stored()).await.unwrap_err();
        assert_eq!(error.kind(), kind);
    }
    // An invalid token, an array for the headers: as if there were no response.
    for data in [
        r#"{"tokenId":"x","uploadUrl":"http://h/","headers":{}}"#.to_owned(),
        format!(r#"{{"tokenId":"{T1}","uploadUrl":"http://h/","headers":{{"x-amz-a":["b"]}}}}"#),
        format!(r#"{{"tokenId":"{T1}","uploadUrl":"http://h/"}}"#),
        format!(r#"["{T1}","http://h/",{{}}]"#),
    ] {
        let server = Server::answering(yes(&data)).await;
        let error = api(&server)
            .tokenize(&session(), b"v", &Metadata::string())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadTokenizerResponse, "{data}");
    }
    let server = pointing_to("http://HOST/blob", answer(413, "", "")).await;
    let error = api(&server)
        .tokenize(&session(), b"v", &Metadata::string())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PayloadTooLarge);
}

#[tokio::test]
async fn a_check_says_whether_grants_would_work() {
    for (verdict, expected) in [
        (
            yes(r#"{"valid":false}"#),
            "signing key: ok\ntokenizer: ok\n",
        ),
        (
            yes(r#"{"valid":true}"#),
            "signing key: ok\ntokenizer: the tokenizer says yes to a token that it never made\n",
        ),
        (
            answer(401, "content-type: application/json\r\n", "{}"),
            "signing key: ok\ntokenizer: the tokenizer does not accept this application's signing key: check that SESSION_JWKS_URL or SESSION_PUBLIC_KEY of the tokenizer belongs to it, and that both clocks agree\n",
        ),
    ] {
        let server = Server::start(move |_, request| {
            Act::Send(match &*request.target {
                "/grant/verify" => {
                    let parent = request.header("traceparent").to_owned();
                    let id = request.header("x-request-id");
                    assert_eq!(parent, format!("00-{}-00", id));
                    verdict.clone()
                }
                _ => answer(404, "", ""),
            })
        })
        .await;
        let check = server.client().build().unwrap().check().await;
        assert_eq!(check.to_string(), expected);
        assert_eq!(check.is_ok(), expected.ends_with("tokenizer: ok\n"));
    }
}
