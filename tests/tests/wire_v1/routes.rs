//! Methods, media types, paths, health and the session hash: `go-tokenizer/grant_set/method_*`,
//! `ctype_*`, `routing`, `health`, `session_hash`, `session`, and the refusals of the others.

use crate::peer::{OTHER_SESSION, Peer, SESSION, Who, message};

const PAIR: &str = r#"{"sessionId":"5d3c1f0e-8a52-4a30-9f7e-0d5b6c2f1a11","tokenId":"lunasec-11111111-1111-4111-8111-111111111111"}"#;
const JSON: &str = "Content-Type: application/json\r\n";
const UNKNOWN: &str = r#"{"tokenId":"lunasec-33333333-3333-4333-8333-333333333333"}"#;
const NO_GRANT: &str = "session does not have valid token grant available to detokenize";

/// The case, the start of the request, its headers, its body, the original's status and ours.
const REQUESTS: &[(&str, &str, &str, &str, u16, u16)] = &[
    ("ok_default", "POST /grant/set", JSON, PAIR, 200, 200),
    ("query_string", "POST /grant/set?x=1", JSON, PAIR, 200, 200),
    // A page of anybody's can send these without asking first.
    ("ctype_none", "POST /grant/set", "", PAIR, 200, 415),
    (
        "ctype_text",
        "POST /grant/set",
        "Content-Type: text/plain\r\n",
        PAIR,
        200,
        415,
    ),
    ("no_body", "POST /grant/set", "", "", 400, 415),
    ("method_get", "GET /grant/set", JSON, PAIR, 200, 405),
    ("method_get_no_body", "GET /grant/set", "", "", 400, 405),
    ("method_put", "PUT /grant/set", JSON, PAIR, 200, 405),
    ("method_patch", "PATCH /grant/set", JSON, PAIR, 200, 405),
    ("method_delete", "DELETE /grant/set", JSON, PAIR, 200, 405),
    ("method_options", "OPTIONS /grant/set", JSON, PAIR, 200, 405),
    (
        "grant_verify/get",
        "GET /grant/verify",
        JSON,
        PAIR,
        200,
        405,
    ),
    ("tokenize/get", "GET /tokenize", JSON, "{}", 200, 405),
    ("detokenize/get", "GET /detokenize", JSON, UNKNOWN, 400, 405),
    (
        "metadata_get/get",
        "GET /metadata/get",
        JSON,
        UNKNOWN,
        200,
        405,
    ),
    ("root", "GET /", "", "", 404, 404),
    ("unknown", "POST /nope", JSON, "{}", 404, 404),
    ("trailing_slash", "POST /grant/set/", JSON, PAIR, 404, 404),
    // The original sends a redirect, which loses the body.
    ("double_slash", "POST //grant/set", JSON, PAIR, 301, 404),
    ("health_get", "GET /health", "", "", 200, 200),
    ("health_post", "POST /health", "", "", 200, 405),
    ("ensure_default", "GET /session/ensure", "", "", 302, 302),
    ("ensure_head", "HEAD /session/ensure", "", "", 302, 302),
    ("ensure_post", "POST /session/ensure", "", "", 302, 405),
    (
        "ensure_unknown",
        "GET /session/ensure?auth_provider=nope",
        "",
        "",
        400,
        400,
    ),
    ("create_nothing", "GET /session/create", "", "", 400, 400),
    (
        "create_no_token",
        "GET /session/create?state=x",
        "",
        "",
        400,
        400,
    ),
    (
        "create_garbage_token",
        "GET /session/create?state=x&openid_token=garbage",
        "",
        "",
        400,
        400,
    ),
    (
        "create_post",
        "POST /session/create?state=x&openid_token=garbage",
        "",
        "",
        200,
        405,
    ),
    ("verify_header", "GET /session/verify", "", "", 200, 200),
    ("verify_post", "POST /session/verify", "", "", 200, 405),
];

#[tokio::test]
async fn statuses() {
    let peer = Peer::start().await;
    for (case, start, headers, body, theirs, ours) in REQUESTS {
        let answer = peer
            .send(Who::Application, start, headers, body.as_bytes())
            .await;
        assert_eq!(answer.status(), *ours, "{case}, from the original {theirs}");
        if answer.status() >= 400 && !start.starts_with("HEAD") {
            message(&answer);
        }
    }
    let answer = peer.send(Who::Nobody, "GET /health", "", b"").await;
    assert_eq!(answer.text(), r#"{"success":true,"error":{}}"#);
    // health_head
    let answer = peer.send(Who::Nobody, "HEAD /health", "", b"").await;
    assert_eq!((answer.status(), answer.text()), (200, ""));
}

#[tokio::test]
async fn messages_that_peers_know() {
    let peer = Peer::start().await;
    for (case, who, start, body, status, text) in [
        (
            "no_authorization",
            Who::Nobody,
            "POST /grant/set",
            PAIR,
            401,
            "Unauthorized",
        ),
        (
            "sub_user",
            Who::User(SESSION),
            "POST /grant/verify",
            PAIR,
            401,
            "Unauthorized",
        ),
        (
            "sub_developer",
            Who::Developer,
            "POST /grant/set",
            PAIR,
            401,
            "Unauthorized",
        ),
        (
            "detokenize/no_auth",
            Who::Nobody,
            "POST /detokenize",
            UNKNOWN,
            401,
            "Unauthorized",
        ),
        (
            "unknown_token_no_grant",
            Who::User(SESSION),
            "POST /detokenize",
            UNKNOWN,
            400,
            NO_GRANT,
        ),
        (
            "application_no_grant",
            Who::Application,
            "POST /detokenize",
            UNKNOWN,
            400,
            NO_GRANT,
        ),
        (
            "developer_no_grant",
            Who::Developer,
            "POST /detokenize",
            UNKNOWN,
            400,
            NO_GRANT,
        ),
        (
            "ensure_unknown",
            Who::Nobody,
            "GET /session/ensure?auth_provider=nope",
            "",
            400,
            "unable to find auth provider with provided name",
        ),
        (
            "create_nothing",
            Who::Nobody,
            "GET /session/create",
            "",
            400,
            "missing openid_token in request",
        ),
    ] {
        let headers = if body.is_empty() { "" } else { JSON };
        let answer = peer.send(who, start, headers, body.as_bytes()).await;
        assert_eq!(
            (answer.status(), message(&answer).as_str()),
            (status, text),
            "{case}"
        );
    }
    // unknown_token_with_grant, metadata_get/unknown_token
    let pair = PAIR.replace(
        "11111111-1111-4111-8111-111111111111",
        "33333333-3333-4333-8333-333333333333",
    );
    assert_eq!(
        peer.post(Who::Application, "/grant/set", &pair)
            .await
            .status(),
        200
    );
    for (path, text) in [
        ("/detokenize", "unable to locate data for token"),
        ("/metadata/get", "unable to locate metadata for token"),
    ] {
        let answer = peer.post(Who::User(SESSION), path, UNKNOWN).await;
        assert_eq!((answer.status(), message(&answer).as_str()), (404, text));
    }
    // verify_no_cookie
    let answer = peer.send(Who::Nobody, "GET /session/verify", "", b"").await;
    assert_eq!(answer.status(), 200);
    assert_eq!(message(&answer), "LunaSec is not logged in");
    // verify_garbage
    let cookie = "Cookie: access_token=garbage\r\nlunadefend-page-session: none\r\n";
    let answer = peer
        .send(Who::Nobody, "GET /session/verify", cookie, b"")
        .await;
    assert_eq!(answer.status(), 200);
    assert_eq!(
        message(&answer),
        "LunaSec session cookie signing check failed"
    );
}

/// The header of the request, our status, and the header of the answer; the hash is SHA-1 of the id.
#[tokio::test]
async fn session_hash() {
    const HASH: &str = "80b6fc677ca810df2349a68b408e393f4eb8fafa";
    const OTHER: &str = "6fabfc6239c0e744fec0302de7ca9fb0b45a3896";
    let peer = Peer::start().await;
    for (case, session, sent, status, answered) in [
        ("absent", SESSION, None, 200, HASH),
        ("empty", SESSION, Some(""), 200, HASH),
        ("match", SESSION, Some(HASH), 200, ""),
        ("mismatch", SESSION, Some(OTHER), 401, ""),
        (
            "uppercase",
            SESSION,
            Some("80B6FC677CA810DF2349A68B408E393F4EB8FAFA"),
            401,
            "",
        ),
        ("absent", OTHER_SESSION, None, 200, OTHER),
    ] {
        let hash = sent.map_or_else(String::new, |hash| {
            format!("lunasec-session-hash: {hash}\r\n")
        });
        let headers = format!("{JSON}{hash}");
        let answer = peer
            .send(
                Who::User(session),
                "POST /tokenize",
                &headers,
                br#"{"metadata":{}}"#,
            )
            .await;
        assert_eq!(answer.status(), status, "{case}");
        assert_eq!(answer.header("lunasec-session-hash"), answered, "{case}");
    }
}
