//! Values in the requests and responses themselves, by a tokenizer that offers it and by one that does not.

use crate::support::{Act, Recorded, Server, T1, T2, answer, json, not_found, session, yes};
use futures_util::stream;
use lunadefend_client::{StreamBody, TokenizerClient};
use lunadefend_core::{
    Error, ErrorKind, VerifiedToken,
    wire::{Metadata, ValueKind},
};
use std::{collections::HashSet, io, time::Duration};

/// A tokenizer of level 2 with values.
async fn server(script: impl Fn(usize, &Recorded) -> Act + Send + Sync + 'static) -> Server {
    let document = |_, request: &Recorded| {
        let origin = format!("http://{}", request.header("host"));
        Act::Send(json(
            200,
            &format!(
                r#"{{"level":2,"origin":"{origin}","max_items":100,"max_value":1,"features":["batches","values"]}}"#
            ),
        ))
    };
    Server::offering(document, script).await
}

fn api(server: &Server) -> TokenizerClient {
    let client = server.client().require_level(2).build().unwrap();
    client.tokenizer()
}

fn token(text: &str) -> VerifiedToken {
    VerifiedToken::assertion(text).unwrap()
}

fn kind<T>(outcome: Result<T, Error>) -> ErrorKind {
    outcome.map(drop).unwrap_err().kind()
}

const PAST: &str = r#""expiresAt":1"#;

/// A stream has the same options. Its value is never in the request for the token.
#[tokio::test]
async fn a_stream_is_stored_and_a_small_value_read_by_level_2() {
    let server = server(|number, request| {
        let host = request.header("host");
        Act::Send(match &*request.target {
            "/v2/tokenize" if number == 0 => yes(&format!(
                r#"{{"tokenId":"{T1}","upload":{{"url":"http://{host}/blob","headers":{{}}}}}}"#
            )),
            "/v2/tokenize" => yes(&format!(r#"{{"tokenId":"{T1}"}}"#)),
            "/v2/detokenize" => yes(&format!(
                r#"{{"items":[{{"tokenId":"{T1}","value":"c2VjcmV0",{PAST}}}]}}"#
            )),
            "/blob" => answer(200, "", ""),
            _ => not_found(),
        })
    })
    .await;
    let api = api(&server);
    let (session, metadata) = (session(), Metadata::string());
    let body = || StreamBody::new(stream::iter([Ok::<_, io::Error>("secret")])).with_length(6);
    let stored = api.upload(&session, body(), &metadata).one_time().await;
    assert_eq!(stored.unwrap(), token(T1));
    let mut value = api.download(&session, &token(T1)).await.unwrap();
    assert_eq!(value.length(), Some(6));
    let chunk = value.next_chunk().await.unwrap();
    assert_eq!(chunk.as_deref(), Some(b"secret".as_slice()));
    assert_eq!(value.next_chunk().await.unwrap(), None);
    // Without a URL nobody has the value.
    let nowhere = api.upload(&session, body(), &metadata).await;
    assert_eq!(kind(nowhere), ErrorKind::BadTokenizerResponse);

    let requests = server.requests();
    assert_eq!(
        requests[0].text(),
        r#"{"metadata":{"dataType":"string"},"reads":1}"#
    );
    let targets: Vec<_> = requests.iter().map(|request| &*request.target).collect();
    assert_eq!(
        targets,
        ["/v2/tokenize", "/blob", "/v2/detokenize", "/v2/tokenize"]
    );
    assert_eq!(requests[1].text(), "secret");
}

#[tokio::test]
async fn the_requests_of_level_2() {
    let server = server(|_, request| {
        Act::Send(match &*request.target {
            "/v2/tokenize" => yes(&format!(r#"{{"tokenId":"{T1}"}}"#)),
            "/v2/detokenize" => yes(&format!(
                r#"{{"items":[{{"tokenId":"{T1}","value":"c2VjcmV0",{PAST}}}]}}"#
            )),
            _ => not_found(),
        })
    })
    .await;
    let api = api(&server);
    let metadata = Metadata::string();
    let session_of_call = session();
    let stored = api
        .tokenize_text(&session_of_call, "secret", &metadata)
        .kind(ValueKind::Ssn)
        .expires_in(Duration::from_secs(5400))
        .reads(3);
    assert_eq!(stored.await.unwrap(), token(T1));
    api.tokenize(&session(), b"", &metadata).await.unwrap();
    let value = api.detokenize(&session(), &token(T1)).await.unwrap();
    assert_eq!(value.expose_secret(), b"secret");

    let requests = server.requests();
    let bodies: Vec<_> = requests.iter().map(Recorded::text).collect();
    assert_eq!(
        bodies[0],
        r#"{"value":"c2VjcmV0","metadata":{"dataType":"string"},"kind":"ssn","expiresIn":"1h30m","reads":3}"#
    );
    assert_eq!(
        bodies[1],
        r#"{"value":"","metadata":{"dataType":"string"}}"#
    );
    let read = bodies[2].strip_prefix(&format!(r#"{{"tokenIds":["{T1}"],"readId":""#));
    assert_eq!(read.unwrap().len(), 22 + 2);
    let keys: HashSet<_> = requests[..2]
        .iter()
        .map(|request| request.header("idempotency-key"))
        .collect();
    assert!(keys.len() == 2 && keys.iter().all(|key| key.len() == 22));
}

#[tokio::test]
async fn a_retry_keeps_its_key_and_its_read() {
    let server = server(|number, request| match (number, &*request.target) {
        (0 | 2, _) => Act::Reset,
        (_, "/v2/tokenize") => Act::Send(yes(&format!(r#"{{"tokenId":"{T1}"}}"#))),
        _ => Act::Send(yes(&format!(
            r#"{{"items":[{{"tokenId":"{T1}","value":"",{PAST}}}]}}"#
        ))),
    })
    .await;
    let api = api(&server);
    api.tokenize(&session(), b"v", &Metadata::string())
        .one_time()
        .await
        .unwrap();
    api.detokenize(&session(), &token(T1)).await.unwrap();
    let requests = server.requests();
    assert_eq!(requests.len(), 4);
    assert_eq!(
        requests[0].header("idempotency-key"),
        requests[1].header("idempotency-key")
    );
    assert_eq!(requests[0].text(), requests[1].text());
    assert_eq!(requests[2].text(), requests[3].text());
}

#[tokio::test]
async fn an_answer_about_other_tokens_is_none() {
    for items in [
        String::new(),
        format!(r#"{{"tokenId":"{T2}","value":"","expiresAt":1}}"#),
        format!(r#"{{"tokenId":"{T1}","value":"",{PAST}}},{{"tokenId":"{T1}"}}"#),
        format!(r#"{{"tokenId":"{T1}","value":""}}"#),
        format!(r#"{{"tokenId":"{T1}","value":"x",{PAST}}}"#),
        format!(r#"{{"tokenId":"{T1}",{PAST}}}"#),
        "null".to_owned(),
    ] {
        let body = yes(&format!(r#"{{"items":[{items}]}}"#));
        let server = server(move |_, _| Act::Send(body.clone())).await;
        let read = api(&server).detokenize(&session(), &token(T1)).await;
        assert_eq!(kind(read), ErrorKind::BadTokenizerResponse, "{items}");
    }
    let swapped = yes(&format!(
        r#"{{"items":[{{"tokenId":"{T2}","value":"",{PAST}}},{{"tokenId":"{T1}","value":"",{PAST}}}]}}"#
    ));
    let server = server(move |_, _| Act::Send(swapped.clone())).await;
    let read = api(&server)
        .detokenize_all(&session(), &[token(T1), token(T2)])
        .await;
    assert_eq!(kind(read), ErrorKind::BadTokenizerResponse);
}

/// In the middle of an update, or of a tokenizer without values.
#[tokio::test]
async fn without_the_routes_plain_calls_go_by_level_1_and_others_are_errors() {
    let server = Server::offering(
        |_, request| {
            let origin = format!("http://{}", request.header("host"));
            Act::Send(json(
                200,
                &format!(
                    r#"{{"level":2,"origin":"{origin}","max_items":100,"max_value":1,"features":["batches"]}}"#
                ),
            ))
        },
        |_, request| {
            let host = request.header("host");
            Act::Send(match (&*request.method, &*request.target) {
                ("POST", "/tokenize") => yes(&format!(
                    r#"{{"tokenId":"{T1}","uploadUrl":"http://{host}/b","headers":{{}}}}"#
                )),
                ("POST", "/detokenize") => {
                    yes(&format!(r#"{{"downloadUrl":"http://{host}/b","headers":{{}}}}"#))
                }
                (_, "/b") => answer(200, "", "v"),
                _ => not_found(),
            })
        },
    )
    .await;
    let api = api(&server);
    let metadata = Metadata::string();
    let stored = api.tokenize(&session(), b"v", &metadata).await.unwrap();
    assert!(api.detokenize(&session(), &stored).await.is_ok());
    for request in server.requests() {
        assert!(!request.target.starts_with("/v2/"), "{}", request.target);
    }
    let many = api.detokenize_all(&session(), &[token(T1)]).await;
    let described = api.describe(&session(), &[token(T1)]).await;
    let kinds = [
        kind(api.tokenize(&session(), b"v", &metadata).one_time().await),
        kind(
            api.tokenize(&session(), b"v", &metadata)
                .kind(ValueKind::Text)
                .await,
        ),
        kind(
            api.tokenize(&session(), b"v", &metadata)
                .expires_in(Duration::from_secs(1))
                .await,
        ),
        kind(many),
        kind(described),
    ];
    assert_eq!(kinds, [ErrorKind::TokenizerTooOld; 5]);
}

#[tokio::test]
async fn what_the_tokenizer_promised_and_does_not_have_is_not_missed() {
    let server = server(|_, request| {
        let host = request.header("host");
        Act::Send(match (&*request.method, &*request.target) {
            ("POST", "/tokenize") => yes(&format!(
                r#"{{"tokenId":"{T1}","uploadUrl":"http://{host}/b","headers":{{}}}}"#
            )),
            (_, "/b") => answer(200, "", ""),
            _ => not_found(),
        })
    })
    .await;
    let client = server.client().build().unwrap().tokenizer();
    let metadata = Metadata::string();
    // Until the document is there, calls go by level 1; then the missing route sends them there.
    loop {
        client.tokenize(&session(), b"v", &metadata).await.unwrap();
        if server
            .requests()
            .iter()
            .any(|request| request.target == "/v2/tokenize")
        {
            break;
        }
    }
    let last = server.requests().pop().unwrap();
    assert_eq!(last.target, "/b");
    // Where level 2 is required, they do not.
    let stored = api(&server).tokenize(&session(), b"v", &metadata).await;
    assert_eq!(kind(stored), ErrorKind::TokenizerTooOld);
}
