//! `/tokenize`, `/detokenize`, `/metadata/get` and the session hash.

use crate::{
    harness::{Harness, ORIGIN, OTHER_SESSION, SESSION, TOKEN},
    jwt,
};
use std::time::Duration;

const NO_GRANT: &str = "session does not have valid token grant available to detokenize";
const NO_GRANT_METADATA: &str = "session does not have valid token grant available to get metadata";

fn request(token: &str) -> String {
    format!(r#"{{"tokenId":"{token}"}}"#)
}

#[tokio::test]
async fn tokenize_answers() {
    let harness = Harness::start().await;
    let jwt = harness.user(SESSION);
    for body in [
        "{}",
        r#"{"metadata":null}"#,
        r#"{"metadata":{}}"#,
        r#"{"metadata":{"dataType":"string"},"more":1}"#,
    ] {
        let reply = harness.post_as(&jwt, "/tokenize", body).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        let json = reply.json();
        let data = json["data"].as_object().unwrap();
        // By name: another crate of the build may have serde_json keep their order.
        let mut members: Vec<_> = data.keys().collect();
        members.sort();
        assert_eq!(members, ["headers", "tokenId", "uploadUrl"]);
        let token = data["tokenId"].as_str().unwrap();
        assert!(
            token.starts_with("lunasec-") && token.len() == 44,
            "{token}"
        );
        let url = data["uploadUrl"].as_str().unwrap();
        assert!(url.starts_with(&format!("{ORIGIN}/blob/")), "{url}");
        assert!(
            !url.contains(&token["lunasec-".len()..]),
            "the URL names no token"
        );
        assert!(data["headers"].as_object().unwrap().is_empty());
        assert!(
            harness.is_granted(SESSION, token).await,
            "granted to who made it"
        );
        assert!(!harness.is_granted(OTHER_SESSION, token).await);
    }
    let large = format!(r#"{{"metadata":{{"x":"{}"}}}}"#, "y".repeat(8 * 1024));
    for body in [
        "",
        "{",
        "null",
        r#"{"metadata":[]}"#,
        r#"{"metadata":"x"}"#,
        &large,
    ] {
        let reply = harness.post_as(&jwt, "/tokenize", body).await;
        assert_eq!(reply.status, 400, "{body:.40}");
    }
}

/// People read these in the error handler of their page.
#[tokio::test]
async fn what_is_wrong_with_a_request_is_said_in_words() {
    const METADATA: &str = "metadata must be one JSON object of at most 8192 bytes (8 KiB), nested at most 32 levels deep";
    let harness = Harness::start().await;
    let jwt = harness.user(SESSION);
    let thumbnail = format!(r#"{{"metadata":{{"canary":"{}"}}}}"#, "x".repeat(9_000));
    let too_much = format!(r#"{{"metadata":{{"canary":"{}"}}}}"#, "x".repeat(70_000));
    let deep = |levels: usize| {
        let (open, close) = ("{\"x\":".repeat(levels - 1), "}".repeat(levels - 1));
        format!(r#"{{"metadata":{open}{{}}{close}}}"#)
    };
    for (path, body, status, words) in [
        ("/tokenize", thumbnail.as_str(), 400, METADATA),
        ("/tokenize", r#"{"metadata":["canary"]}"#, 400, METADATA),
        (
            "/tokenize",
            &deep(33),
            400,
            "the JSON text is nested deeper than 33 levels",
        ),
        (
            "/tokenize",
            r#"{"metadata":{"name":"canary\ud83d"}}"#,
            400,
            "a text is cut in the middle of a character",
        ),
        (
            "/tokenize",
            &too_much,
            413,
            "the body of the request is over 64 KiB",
        ),
        (
            "/detokenize",
            r#"{"tokenId":"canary"}"#,
            400,
            "tokenId is not a token",
        ),
        (
            "/metadata/get",
            r#"{"tokenId":7}"#,
            400,
            "tokenId is not a token",
        ),
    ] {
        let reply = harness.post_as(&jwt, path, body).await;
        let message = reply.message();
        assert_eq!(reply.status, status, "{message}");
        assert!(message.starts_with(words), "{message}");
        assert!(!message.contains("canary"), "{message}");
    }
    let reply = harness.post_as(&jwt, "/tokenize", &deep(32)).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
}

#[tokio::test]
async fn the_grant_of_the_maker_lives_for_the_default_duration() {
    let harness = Harness::start().await;
    let (token, _) = harness.tokenize(SESSION).await;
    harness
        .clock
        .advance(Duration::from_millis(15 * 60 * 1000 - 1));
    assert!(harness.is_granted(SESSION, &token).await);
    harness.clock.advance(Duration::from_millis(1));
    assert!(!harness.is_granted(SESSION, &token).await);
}

#[tokio::test]
async fn who_owns_no_session_grants_nobody() {
    let harness = Harness::start().await;
    for jwt in [harness.application(), jwt::developer(harness.now())] {
        let reply = harness
            .post_as(&jwt, "/tokenize", r#"{"metadata":{}}"#)
            .await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("lunasec-session-hash"), "");
        let json = reply.json();
        let token = json["data"]["tokenId"].as_str().unwrap();
        // Not even a session by that name.
        for session in ["NULL", "application", "developer"] {
            assert!(!harness.is_granted(session, token).await);
        }
        let reply = harness.post_as(&jwt, "/detokenize", &request(token)).await;
        assert_eq!((reply.status, reply.message().as_str()), (400, NO_GRANT));
        let reply = harness
            .post_as(&jwt, "/metadata/get", &request(token))
            .await;
        assert_eq!(
            (reply.status, reply.message().as_str()),
            (400, NO_GRANT_METADATA)
        );
    }
}

#[tokio::test]
async fn detokenize_needs_a_live_grant() {
    let harness = Harness::start().await;
    let token = harness.store_value(SESSION, "value").await;
    let answer = async |session: &str, token: &str| {
        let jwt = harness.user(session);
        let reply = harness.post_as(&jwt, "/detokenize", &request(token)).await;
        (
            reply.status,
            if reply.status == 200 {
                String::new()
            } else {
                reply.message()
            },
        )
    };
    let no_grant = (400, NO_GRANT.to_owned());
    assert_eq!(answer(SESSION, &token).await.0, 200);
    assert_eq!(answer(OTHER_SESSION, &token).await, no_grant);
    assert_eq!(
        answer(SESSION, TOKEN).await,
        no_grant,
        "unknown, and not granted: no difference"
    );

    harness.grant(OTHER_SESSION, &token, Some(r#""1s""#)).await;
    assert_eq!(answer(OTHER_SESSION, &token).await.0, 200);
    harness.clock.advance(Duration::from_secs(1));
    assert_eq!(answer(OTHER_SESSION, &token).await, no_grant);

    let not_found = (404, "unable to locate data for token".to_owned());
    harness.grant(SESSION, TOKEN, None).await;
    assert_eq!(answer(SESSION, TOKEN).await, not_found);
    let (empty, _) = harness.tokenize(SESSION).await;
    assert_eq!(
        answer(SESSION, &empty).await,
        not_found,
        "nothing was uploaded"
    );
}

#[tokio::test]
async fn metadata_needs_a_live_grant_and_comes_back_as_written() {
    let harness = Harness::start().await;
    let user = harness.user(SESSION);
    let written = r#"{"z":9007199254740993,"f":1.0,"e":1e21,"neg0":-0.0,"a":"<&>\u2028é","k":[1,{"n":null}]}"#;
    let body = format!(r#"{{"metadata":{written}}}"#);
    let reply = harness.post_as(&user, "/tokenize", &body).await;
    let token = reply.json()["data"]["tokenId"].as_str().unwrap().to_owned();

    let get =
        async |jwt: &str, token: &str| harness.post_as(jwt, "/metadata/get", &request(token)).await;
    assert_eq!(
        get(&user, &token).await.text(),
        format!(r#"{{"success":true,"error":{{}},"data":{{"metadata":{written}}}}}"#)
    );
    let other = harness.user(OTHER_SESSION);
    let refused = get(&other, &token).await;
    assert_eq!(
        (refused.status, refused.message().as_str()),
        (400, NO_GRANT_METADATA)
    );
    assert_eq!(get(&user, TOKEN).await.status, 400);
    harness.grant(OTHER_SESSION, &token, None).await;
    assert_eq!(get(&other, &token).await.status, 200);

    const NONE: &str = "unable to locate metadata for token";
    harness.grant(SESSION, TOKEN, None).await;
    let unknown = get(&user, TOKEN).await;
    assert_eq!((unknown.status, unknown.message().as_str()), (404, NONE));
    let without = harness.post_as(&user, "/tokenize", "{}").await.json();
    let without = get(&user, without["data"]["tokenId"].as_str().unwrap()).await;
    assert_eq!((without.status, without.message().as_str()), (404, NONE));
}

#[tokio::test]
async fn session_hash() {
    const HASH: &str = "80b6fc677ca810df2349a68b408e393f4eb8fafa";
    let harness = Harness::start().await;
    let jwt = harness.user(SESSION);
    let send = async |path: &str, hash: Option<&str>, body: &str| {
        let mut headers = vec![("authorization", jwt.as_str())];
        headers.extend(hash.map(|hash| ("lunasec-session-hash", hash)));
        harness.post(path, &headers, body).await
    };
    let absent = send("/tokenize", None, "{}").await;
    assert_eq!(absent.header("lunasec-session-hash"), HASH);
    let empty = send("/tokenize", Some(""), "{}").await;
    assert_eq!(empty.header("lunasec-session-hash"), HASH);
    // Also when the request fails later.
    let failed = send("/tokenize", None, "{").await;
    assert_eq!(
        (failed.status, failed.header("lunasec-session-hash")),
        (400, HASH)
    );
    let equal = send("/tokenize", Some(HASH), "{}").await;
    assert_eq!(
        (equal.status, equal.header("lunasec-session-hash")),
        (200, "")
    );
    for other in [
        "6fabfc6239c0e744fec0302de7ca9fb0b45a3896",
        &HASH.to_uppercase(),
    ] {
        let refused = send("/tokenize", Some(other), "{}").await;
        assert_eq!(
            (refused.status, refused.message().as_str()),
            (401, "Unauthorized")
        );
        assert_eq!(refused.header("lunasec-session-hash"), "");
    }
    // Not on what is refused anyway, nor on routes for others.
    let wrong_subject = send("/grant/set", None, "{}").await;
    assert_eq!(
        (
            wrong_subject.status,
            wrong_subject.header("lunasec-session-hash")
        ),
        (401, "")
    );
    let verify = harness
        .get("/session/verify", &[("authorization", &jwt)])
        .await;
    assert_eq!(verify.header("lunasec-session-hash"), "");
}

#[tokio::test]
async fn behind_a_path() {
    let harness = Harness::with(crate::harness::builder(
        "https://tokenizer.example.com/prod",
        lunadefend_tokenizer::VerificationKeys::Public(jwt::APPLICATION_KEY.public_key().clone()),
    ))
    .await;
    let user = harness.user(SESSION);
    // Whether or not the proxy strips it.
    for path in ["/prod/tokenize", "/tokenize"] {
        let reply = harness.post_as(&user, path, "{}").await;
        assert_eq!(reply.status, 200, "{path}");
        let url = reply.json()["data"]["uploadUrl"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(
            url.starts_with("https://tokenizer.example.com/prod/blob/"),
            "{url}"
        );
        let reply = harness
            .send(http::Method::PUT, &crate::harness::path_of(&url), &[], "v")
            .await;
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
    assert_eq!(
        harness
            .post_as(&user, "/prod/prod/tokenize", "{}")
            .await
            .status,
        404
    );
}
