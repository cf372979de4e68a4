//! Faults: whatever happens, a typed error within the deadline, and never "valid".

use crate::support::{self, Act, Server, answer, json, yes};
use lunadefend_core::{
    ErrorKind,
    provider::{GrantService, Verdict},
};
use std::time::Duration;
use tokio::time::Instant;

const DEADLINE: Duration = Duration::from_millis(300);
/// What a busy machine may need on top.
const SLACK: Duration = Duration::from_secs(3);

/// Calls verify and create; both must end in the kind, within the deadline.
async fn assert_fails(name: &str, server: &Server, kind: ErrorKind) {
    let client = server.client().deadline(DEADLINE).build().unwrap();
    let start = Instant::now();
    let verify = support::verify(&client).await;
    assert_eq!(verify.unwrap_err().kind(), kind, "verify: {name}");
    let create = support::create(&client).await;
    assert_eq!(create.unwrap_err().kind(), kind, "create: {name}");
    assert!(start.elapsed() < DEADLINE * 2 + SLACK, "{name}");
}

#[tokio::test]
async fn a_tokenizer_that_never_answers() {
    let server = Server::start(|_, _| Act::Hang).await;
    assert_fails("hang", &server, ErrorKind::TokenizerUnavailable).await;
}

#[tokio::test]
async fn a_tokenizer_that_drips() {
    let server = Server::start(|_, _| {
        Act::Drip(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n".to_vec())
    })
    .await;
    assert_fails("drip", &server, ErrorKind::TokenizerUnavailable).await;
    let server = Server::start(|_, _| Act::Drip(b"HTTP/1.1 200 OK\r\nx: ".to_vec())).await;
    assert_fails("drip in the head", &server, ErrorKind::TokenizerUnavailable).await;
}

#[tokio::test]
async fn a_retry_after_beyond_the_deadline_ends_at_once() {
    for status in [429, 502, 503, 504] {
        for after in [
            "3600",
            "99999999999999999999",
            "Wed, 01 Jan 2200 00:00:00 GMT",
        ] {
            let busy = answer(status, &format!("retry-after: {after}\r\n"), "");
            let server = Server::answering(busy).await;
            let client = server
                .client()
                .deadline(Duration::from_secs(60))
                .build()
                .unwrap();
            let start = Instant::now();
            let error = support::verify(&client).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TokenizerUnavailable);
            assert!(start.elapsed() < SLACK, "{status} {after}");
            assert_eq!(server.requests().len(), 1);
        }
    }
}

#[tokio::test]
async fn passing_failures_are_retried_and_no_more_often_than_configured() {
    let passing: [fn() -> Act; 5] = [
        || Act::Send(answer(429, "retry-after: 0\r\n", "")),
        || Act::Send(answer(502, "", "<html>")),
        || Act::Send(answer(503, "content-encoding: gzip\r\n", "x")),
        || Act::Send(Vec::new()),
        || Act::Reset,
    ];
    // Together: each takes its time, as the retries are spread over the deadline.
    futures_util::future::join_all(passing.map(|failure| async move {
        let server = Server::start(move |number, request| match (number, &*request.target) {
            (0..3, _) => failure(),
            (_, "/grant/set") => Act::Send(yes("{}")),
            _ => Act::Send(yes(r#"{"valid":true}"#)),
        })
        .await;
        let client = server.client().build().unwrap();
        assert_eq!(support::verify(&client).await.unwrap(), Verdict::Valid);
        assert_eq!(server.requests().len(), 4);
        support::create(&client).await.unwrap();

        let server = Server::start(move |_, _| failure()).await;
        for retries in [Some(0), Some(3), None] {
            let mut client = server.client().deadline(Duration::from_secs(6));
            if let Some(retries) = retries {
                client = client.max_retries(retries);
            }
            let before = server.requests().len();
            let error = support::create(&client.build().unwrap()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TokenizerUnavailable);
            let asked = u32::try_from(server.requests().len() - before).unwrap();
            assert_eq!(asked, 1 + retries.unwrap_or(5));
        }
    }))
    .await;
}

#[tokio::test]
async fn a_refusal_is_not_retried() {
    for status in [400, 401, 403, 404, 409, 500] {
        let server = Server::answering(json(status, "{}")).await;
        let client = server.client().build().unwrap();
        support::verify(&client).await.unwrap_err();
        assert_eq!(server.requests().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn half_answers_and_answers_that_are_none() {
    let valid = r#"{"success":true,"error":{},"data":{"valid":true}}"#;
    let json_type = "content-type: application/json\r\n";
    let half = format!("HTTP/1.1 200 OK\r\n{json_type}content-length: 500\r\n\r\n{valid}");
    let half_chunk = format!(
        "HTTP/1.1 200 OK\r\n{json_type}transfer-encoding: chunked\r\n\r\n{:x}\r\n{valid}",
        valid.len()
    );
    let ten_megabytes = format!(
        r#"{{"success":true,"error":{{}},"data":{{"valid":true}},"x":"{}"}}"#,
        "x".repeat(10 << 20)
    );
    for (name, bytes) in [
        ("half", half.into_bytes()),
        ("half a chunk", half_chunk.into_bytes()),
        (
            "html",
            answer(200, "content-type: text/html\r\n", "<html>log in</html>"),
        ),
        ("10 MB", json(200, &ten_megabytes)),
        (
            "compressed",
            answer(
                200,
                &format!("{json_type}content-encoding: gzip\r\n"),
                valid,
            ),
        ),
        (
            "two types",
            answer(200, &format!("{json_type}{json_type}"), valid),
        ),
        (
            "latin1",
            answer(
                200,
                "content-type: application/json; charset=latin1\r\n",
                valid,
            ),
        ),
        (
            "utf-16",
            answer(
                200,
                json_type,
                valid
                    .encode_utf16()
                    .flat_map(u16::to_le_bytes)
                    .collect::<Vec<_>>(),
            ),
        ),
        (
            "not utf-8",
            answer(
                200,
                json_type,
                [b"{\"x\":\"\xff\",".as_slice(), &valid.as_bytes()[1..]].concat(),
            ),
        ),
        ("no type", answer(200, "", valid)),
        (
            "duplicate success",
            json(
                200,
                r#"{"success":false,"success":true,"data":{"valid":true}}"#,
            ),
        ),
        (
            "duplicate data",
            json(
                200,
                r#"{"success":true,"data":{"valid":false},"data":{"valid":true}}"#,
            ),
        ),
        (
            "duplicate valid",
            json(
                200,
                r#"{"success":true,"data":{"valid":false,"valid":true}}"#,
            ),
        ),
        (
            "escaped duplicate",
            json(
                200,
                r#"{"success":true,"data":{"valid":false,"v\u0061lid":true}}"#,
            ),
        ),
        (
            "array for data",
            json(200, r#"{"success":true,"data":[true]}"#),
        ),
        ("array for all", json(200, r#"[true,{},{"valid":true}]"#)),
        (
            "data as text",
            json(200, r#"{"success":true,"data":"{\"valid\":true}"}"#),
        ),
        (
            "success as a number",
            json(200, r#"{"success":1,"data":{"valid":true}}"#),
        ),
        ("trailing data", json(200, &format!("{valid}{{}}"))),
        (
            "too deep",
            json(
                200,
                &format!(
                    r#"{{"success":true,"data":{{"valid":true}},"x":{}{}}}"#,
                    "[".repeat(64),
                    "]".repeat(64)
                ),
            ),
        ),
        ("created", json(201, valid)),
        ("partial", json(206, valid)),
        ("not modified", answer(304, "", "")),
    ] {
        let server = Server::answering(bytes).await;
        assert_fails(name, &server, ErrorKind::BadTokenizerResponse).await;
    }
}

#[tokio::test]
async fn members_that_we_do_not_know_are_ignored() {
    let server = Server::answering(json(
        200,
        r#"{"x":[{"valid":false}],"success":true,"data":{"valid":true,"y":null},"error":null}"#,
    ))
    .await;
    let client = server.client().build().unwrap();
    assert_eq!(support::verify(&client).await.unwrap(), Verdict::Valid);
}

#[tokio::test]
async fn a_duration_that_the_tokenizer_refuses() {
    for (status, text) in [
        (
            500,
            "Grant duration parse failed, please use a supported duration format like 30m or 1h20m10s",
        ),
        (
            400,
            "Grant duration set longer than configured maximum time",
        ),
    ] {
        let body = format!(
            r#"{{"success":false,"error":{{"errorName":"TokenizerError","errorMessage":"{text}"}}}}"#
        );
        let server = Server::answering(json(status, &body)).await;
        let client = server.client().build().unwrap();
        let grants = [support::grant(support::T1, Some("48h"))];
        let error = client
            .grant_all(&support::session(), &grants)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::GrantDuration);
        assert_eq!(error.code(), "400");
        assert!(
            support::shown(&error).contains(&text[..20]),
            "the cause says it"
        );
    }
}
