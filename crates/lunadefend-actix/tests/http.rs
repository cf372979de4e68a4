//! The adapter behind a real server: every extractor, every refusal, both routes of the auth plugin.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy does not count as tests"
)]

// The same fakes hold every adapter to the same answers.
#[path = "../../lunadefend-axum/tests/http/fakes.rs"]
mod fakes;
#[path = "http/server.rs"]
mod server;
#[path = "http/sessions.rs"]
mod sessions;

use actix_web::{
    App,
    http::header::{HeaderName, HeaderValue},
    test::{TestRequest, call_service, init_service, read_body},
};
use fakes::{FakeGrants, token};
use server::{LIMIT, Server};
use std::sync::{Arc, atomic::Ordering};

fn json(tokens: impl IntoIterator<Item = String>) -> String {
    let tokens: Vec<_> = tokens
        .into_iter()
        .map(|token| format!("{token:?}"))
        .collect();
    format!("[{}]", tokens.join(","))
}

#[tokio::test]
async fn two_hundred_tokens_are_one_call_and_the_provider_is_asked_once() {
    let server = Server::start();
    server.grants.allow("ann", (0..200).map(token));
    let answer = server.store("ann", &json((0..200).map(token))).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "200"));
    assert_eq!(server.grants.calls(), 1);
    assert_eq!(
        server.asked.load(Ordering::SeqCst),
        1,
        "three extractors side by side, one question"
    );
    server.stop().await;
}

#[tokio::test]
async fn one_bad_token_refuses_all_and_the_handler_never_runs() {
    let server = Server::start();
    server.grants.allow("ann", (0..199).map(token));
    let answer = server.store("ann", &json((0..200).map(token))).await;
    assert_eq!(answer.status, 401);
    assert_eq!(
        answer.body,
        r#"{"success":false,"error":{"name":"invalidGrant","message":"Grant Invalid","code":"401"}}"#
    );
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(server.ran.load(Ordering::SeqCst), 0);
    server.stop().await;
}

#[tokio::test]
async fn a_token_of_another_session_is_refused() {
    let server = Server::start();
    server.grants.allow("ann", [token(1)]);
    let answer = server.store("bob", &json([token(1)])).await;
    assert_eq!((answer.status, server.ran.load(Ordering::SeqCst)), (401, 0));
    server.stop().await;
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_without_an_echo() {
    let server = Server::start();
    for body in [
        "",
        "[",
        "{\"4111\":1}",
        "[4111]",
        "[\"4111\"]",
        "[null]",
        "[[\"4111\"]]",
    ] {
        let answer = server.store("ann", body).await;
        assert_eq!(answer.status, 400, "{body}");
        assert!(
            answer
                .body
                .starts_with("{\"success\":false,\"error\":{\"name\":\"bad"),
            "{answer:?}"
        );
        assert!(!answer.body.contains("4111"), "{answer:?}");
    }
    assert_eq!(
        (server.grants.calls(), server.ran.load(Ordering::SeqCst)),
        (0, 0)
    );
    server.stop().await;
}

#[tokio::test]
async fn bodies_of_the_wrong_kind_are_refused() {
    let server = Server::start();
    for headers in [
        &[("x-session", "ann")][..],
        &[("x-session", "ann"), ("content-type", "text/plain")],
        &[
            ("x-session", "ann"),
            ("content-type", "application/json; charset=latin1"),
        ],
        &[
            ("x-session", "ann"),
            ("content-type", "multipart/form-data"),
        ],
        &[
            ("x-session", "ann"),
            ("content-type", "application/json"),
            ("content-type", "application/json"),
        ],
        &[
            ("x-session", "ann"),
            ("content-type", "application/json"),
            ("content-encoding", "gzip"),
        ],
    ] {
        let answer = server.send("POST", "/store", headers, "[]").await;
        assert_eq!(answer.status, 415, "{headers:?}");
        assert!(answer.body.contains("unsupportedMediaType"));
    }
    assert_eq!(server.ran.load(Ordering::SeqCst), 0);
    server.stop().await;
}

#[tokio::test]
async fn a_get_is_read_from_its_query() {
    let server = Server::start();
    server.grants.allow("ann", [token(1)]);
    let session = [("x-session", "ann")];
    for (query, expected) in [
        (format!("?ssn={}", token(1)), 200),
        (format!("?ssn={}", token(2)), 401),
        ("?ssn=4111".to_owned(), 400),
        (String::new(), 200),
    ] {
        let answer = server.get(&format!("/lookup{query}"), &session).await;
        assert_eq!(answer.status, expected, "{query}");
        assert!(!answer.body.contains("4111"), "{answer:?}");
    }
    assert_eq!(
        server.grants.calls(),
        2,
        "a query without tokens costs no call"
    );
    server.stop().await;
}

#[tokio::test]
async fn bodies_are_read_up_to_the_limit_of_the_application() {
    let server = Server::start();
    let headers = [("x-session", "ann"), ("content-type", "application/json")];
    for (path, limit) in [
        ("/store", LIMIT),
        ("/shared-limit", LIMIT),
        ("/default-limit", 2 * 1024 * 1024),
    ] {
        let fits = format!("[]{}", " ".repeat(limit - 2));
        let answer = server.send("POST", path, &headers, &fits).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, "0"), "{path}");
        let answer = server
            .send("POST", path, &headers, &format!("{fits} "))
            .await;
        assert_eq!(answer.status, 413, "{path}");
        assert!(answer.body.contains("payloadTooLarge"), "{answer:?}");
    }
    // Without a length said beforehand.
    let mut chunked = b"POST /store HTTP/1.1\r\nhost: app.example\r\nconnection: close\r\nx-session: ann\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    chunked.extend_from_slice(
        format!("{:x}\r\n{}\r\n0\r\n\r\n", LIMIT + 1, " ".repeat(LIMIT + 1)).as_bytes(),
    );
    let answer = server.raw(&chunked).await;
    assert_eq!(answer.status, 413);
    assert!(answer.body.contains("payloadTooLarge"), "{answer:?}");
    // Another rule of the application.
    let answer = server.send("POST", "/css", &headers, "[]").await;
    assert_eq!(answer.status, 400);
    assert!(answer.body.contains("badRequest"), "{answer:?}");
    server.stop().await;
}

#[tokio::test]
async fn a_body_that_breaks_off_is_refused() {
    let server = Server::start();
    let answer = server
        .raw(b"POST /store HTTP/1.1\r\nhost: app.example\r\nconnection: close\r\nx-session: ann\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n2\r\n[]\r\nzz\r\n")
        .await;
    assert_eq!(answer.status, 400);
    assert!(answer.body.contains("badRequest"), "{answer:?}");
    assert_eq!(server.store("ann", "[]").await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn without_a_session_nothing_is_read() {
    let server = Server::start();
    for body in ["not even json", &" ".repeat(8 * LIMIT)] {
        let answer = server.send("POST", "/store", &[], body).await;
        assert_eq!(answer.status, 401);
        assert!(
            answer
                .body
                .contains("unable to authenticate the user of this request")
        );
    }
    assert_eq!(server.get("/whoami", &[]).await.body, "nobody");
    server.stop().await;
}

#[tokio::test]
async fn a_provider_that_fails_or_panics_is_a_500_and_the_next_request_works() {
    let server = Server::start();
    for session in ["panic", "throw", "fail", "nonsense"] {
        for path in ["/whoami", "/send", "/.lunasec/secure-frame?state=s"] {
            let answer = server.get(path, &[("x-session", session)]).await;
            assert_eq!(answer.status, 500, "{session} {path}");
            assert!(
                answer.body.contains("\"sessionError\"") && !answer.body.contains("canary"),
                "{answer:?}"
            );
        }
        assert_eq!(server.store(session, "[]").await.status, 500);
        let next = server.get("/whoami", &[("x-session", "ann")]).await;
        assert_eq!(next.body, "somebody");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_granted_answer_is_json_and_never_cached() {
    let server = Server::start();
    let answer = server.get("/send", &[("x-session", "ann")]).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.body, json([token(7)]));
    assert!(
        server.grants.holds("ann", &token(7)),
        "what was sent was granted"
    );
    server.stop().await;
}

#[tokio::test]
async fn the_auth_plugin_answers_at_the_root_below_a_base_path_and_in_a_scope() {
    let server = Server::start();
    for base in ["", "/api", "/nested"] {
        let frame = format!("{base}/.lunasec/secure-frame?state=s");
        for method in ["GET", "HEAD"] {
            let answer = server
                .send(method, &frame, &[("x-session", "ann")], "")
                .await;
            assert_eq!(answer.status, 302, "{frame}");
            let headers = [
                ("location", "https://t.example/?state=s&session=ann"),
                ("cache-control", "no-store"),
                ("referrer-policy", "no-referrer"),
                ("cross-origin-resource-policy", "cross-origin"),
                ("content-length", "0"),
            ];
            for (name, value) in headers {
                assert_eq!(answer.header(name), Some(value), "{method} {frame}");
            }
            assert_eq!(answer.body, "");
        }
        let keys = format!("{base}/.lunasec/jwks.json");
        let answer = server.get(&keys, &[]).await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (200, "{\"keys\":[]}")
        );
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
    server.stop().await;
}

/// The core never sees the request: a header of it has no name there. (Over the wire actix-web's parser
/// refuses it first.)
#[tokio::test]
async fn a_transfer_that_cannot_be_translated_is_refused_within_reach_of_the_fetch() {
    let luna = server::luna(&FakeGrants::default(), &Arc::default());
    let app = init_service(App::new().configure(luna.routes())).await;
    let odd = HeaderName::from_bytes(b"x-\"odd").unwrap();
    let request = TestRequest::with_uri("/.lunasec/secure-frame?state=s")
        .insert_header(("x-session", "ann"))
        .insert_header((odd, "1"));
    let response = call_service(&app, request.to_request()).await;
    assert_eq!(response.status(), 400);
    assert_eq!(
        response.headers().get("cross-origin-resource-policy"),
        Some(&HeaderValue::from_static("cross-origin"))
    );
    let body = read_body(response).await;
    assert!(body.starts_with(br#"{"success":false,"error":{"name":"badRequest""#));
}

#[tokio::test]
async fn the_auth_plugin_refuses_and_revalidates() {
    let server = Server::start();
    let (frame, keys) = ("/.lunasec/secure-frame", "/.lunasec/jwks.json");
    for query in ["", "?state=", "?state=a&state=b", "?state=a%20b"] {
        let answer = server.get(&format!("{frame}{query}"), &[]).await;
        assert_eq!(answer.status, 400, "{query}");
        assert!(answer.body.contains("state is not set in request"));
    }
    let answer = server.get("/.lunasec/secure-frame?state=s", &[]).await;
    assert_eq!(answer.status, 401);
    let script = [("x-session", "ann"), ("sec-fetch-mode", "cors")];
    let answer = server.get("/.lunasec/secure-frame?state=s", &script).await;
    assert_eq!(answer.status, 403);

    let answer = server.get(keys, &[("if-none-match", "W/\"t\"")]).await;
    assert_eq!((answer.status, answer.body.as_str()), (304, ""));
    assert_eq!(answer.header("etag"), Some("\"t\""));
    assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
    let answer = server.send("HEAD", keys, &[], "").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    assert_eq!(answer.header("content-length"), Some("11"));
    for path in [frame, keys] {
        for method in ["POST", "PUT", "DELETE", "OPTIONS", "BREW"] {
            let answer = server.send(method, path, &[], "").await;
            assert_eq!((answer.status, answer.body.as_str()), (405, ""), "{method}");
            assert_eq!(answer.header("allow"), Some("GET, HEAD"), "{method}");
        }
    }
    server.stop().await;
}
