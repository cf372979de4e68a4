//! `/grant/set` and `/grant/verify`: `recordings/go-tokenizer/grant_set` and `grant_verify`.

use crate::harness::{Harness, OTHER_SESSION, SESSION, TOKEN};
use http::Method;
use lunadefend_tokenizer::GrantDurations;
use std::time::Duration;

const OTHER_TOKEN: &str = "lunasec-22222222-2222-4222-8222-222222222222";

#[tokio::test]
async fn answers_are_the_originals() {
    let harness = Harness::start().await;
    let reply = harness.grant(SESSION, TOKEN, None).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.text(), r#"{"success":true,"error":{},"data":{}}"#);
    assert_eq!(reply.header("content-type"), "application/json");
    // LunaSec sends the hash of no session with an application's answers.
    assert_eq!(reply.header("lunasec-session-hash"), "");

    let verify = async |session: &str| {
        let body = format!(r#"{{"sessionId":"{session}","tokenId":"{TOKEN}"}}"#);
        let jwt = harness.application();
        harness.post_as(&jwt, "/grant/verify", &body).await.text()
    };
    assert_eq!(
        verify(SESSION).await,
        r#"{"success":true,"error":{},"data":{"valid":true}}"#
    );
    assert_eq!(
        verify(OTHER_SESSION).await,
        r#"{"success":true,"error":{},"data":{"valid":false}}"#
    );
    assert!(!harness.is_granted(SESSION, OTHER_TOKEN).await);
    let other_spelling = TOKEN.replace("lunasec-1111", "lunasec-111A");
    assert!(!harness.is_granted(SESSION, &other_spelling).await);
}

/// LunaSec sends a 200 for each of these session hashes; for an application it means nothing.
#[tokio::test]
async fn an_application_has_no_session_hash() {
    let harness = Harness::start().await;
    let jwt = harness.application();
    let body = format!(r#"{{"sessionId":"{SESSION}","tokenId":"{TOKEN}"}}"#);
    let headers = [
        ("authorization", jwt.as_str()),
        (
            "lunasec-session-hash",
            "d0941e68da8f38151ff86a61fc59f7c5cf9fcaa2",
        ),
    ];
    let reply = harness.post("/grant/set", &headers, &body).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("lunasec-session-hash"), "");
}

#[tokio::test]
async fn durations() {
    const PARSE: &str =
        "Grant duration parse failed, please use a supported duration format like 30m or 1h20m10s";
    const SHORT: &str = "Grant duration must be at least 1s";
    const LONG: &str = "Grant duration set longer than configured maximum time";
    let harness = Harness::start().await;
    for good in [
        r#""15m""#,
        r#""1h""#,
        r#""60m""#,
        r#""1h0m0s""#,
        r#""1.5m""#,
        r#"".5m""#,
        r#""+5m""#,
        r#""1s""#,
        r#""""#,
        "null",
        r#""1000000µs""#,
    ] {
        let reply = harness.grant(SESSION, TOKEN, Some(good)).await;
        assert_eq!(reply.status, 200, "{good}: {}", reply.text());
    }
    for (bad, message) in [
        (r#""1d""#, PARSE),
        (r#""15M""#, PARSE),
        (r#""5""#, PARSE),
        (r#""5 m""#, PARSE),
        (r#"" 15m""#, PARSE),
        (r#""m""#, PARSE),
        (r#""garbage""#, PARSE),
        (r#""1h-5m""#, PARSE),
        (r#""\u0661m""#, PARSE),
        (r#""9999999999h""#, PARSE),
        (r#""0""#, SHORT),
        (r#""0s""#, SHORT),
        (r#""1ns""#, SHORT),
        (r#""1\u00b5s""#, SHORT),
        (r#""999ms""#, SHORT),
        (r#""-5m""#, SHORT),
        (r#""-2562047h47m16.854775808s""#, SHORT),
        (r#""1h0m1s""#, LONG),
        (r#""1h0m0.000000001s""#, LONG),
        (r#""2562047h47m16.854775807s""#, LONG),
    ] {
        let reply = harness.grant(OTHER_SESSION, TOKEN, Some(bad)).await;
        assert_eq!(
            (reply.status, reply.message().as_str()),
            (400, message),
            "{bad}"
        );
    }
    for mistyped in ["5", "true", "{}", "[\"15m\"]"] {
        let reply = harness.grant(OTHER_SESSION, TOKEN, Some(mistyped)).await;
        assert_eq!(reply.status, 400, "{mistyped}");
    }
    assert!(
        !harness.is_granted(OTHER_SESSION, TOKEN).await,
        "nothing was granted on the way"
    );
}

#[tokio::test]
async fn grants_expire_and_are_only_ever_extended() {
    let harness = Harness::start().await;
    harness.grant(SESSION, TOKEN, Some(r#""10m""#)).await;
    harness.grant(SESSION, TOKEN, Some(r#""1s""#)).await;
    harness.clock.advance(Duration::from_millis(599_999));
    assert!(harness.is_granted(SESSION, TOKEN).await);
    harness.clock.advance(Duration::from_millis(1));
    assert!(
        !harness.is_granted(SESSION, TOKEN).await,
        "refused at expiry"
    );

    harness.grant(SESSION, TOKEN, None).await;
    harness
        .clock
        .advance(Duration::from_millis(15 * 60 * 1000 - 1));
    assert!(harness.is_granted(SESSION, TOKEN).await);
    harness.clock.advance(Duration::from_millis(1));
    assert!(!harness.is_granted(SESSION, TOKEN).await);
}

#[tokio::test]
async fn configured_durations() {
    let durations = GrantDurations::new("5s".parse().unwrap(), "10s".parse().unwrap()).unwrap();
    let harness = Harness::configured(|builder| builder.grant_durations(durations)).await;
    assert_eq!(
        harness.grant(SESSION, TOKEN, Some(r#""11s""#)).await.status,
        400
    );
    assert_eq!(harness.grant(SESSION, TOKEN, None).await.status, 200);
    harness.clock.advance(Duration::from_secs(5));
    assert!(!harness.is_granted(SESSION, TOKEN).await);
}

#[tokio::test]
async fn bodies() {
    let harness = Harness::start().await;
    let jwt = harness.application();
    let status = async |path: &str, body: &[u8]| {
        let headers = [
            ("authorization", jwt.as_str()),
            ("content-type", "application/json"),
        ];
        let reply = harness
            .send(Method::POST, path, &headers, body.to_vec())
            .await;
        if reply.status != 200 {
            assert!(!reply.message().contains("canary"), "{}", reply.text());
        }
        reply.status
    };
    let good = format!(r#"{{"sessionId":"{SESSION}","tokenId":"{TOKEN}"}}"#);
    let nested = format!(
        r#"{{"sessionId":"{SESSION}","tokenId":"{TOKEN}","x":{}{}}}"#,
        "[".repeat(10_001),
        "]".repeat(10_001)
    );
    for path in ["/grant/set", "/grant/verify"] {
        for body in [
            good.clone(),
            format!(" {good}\r\n\t"),
            format!(r#"{{"sessionId":"a\u0000b","tokenId":"{TOKEN}"}}"#),
            format!(r#"{{"sessionId":"{SESSION}","tokenId":"{TOKEN}","unknown":[1]}}"#),
        ] {
            assert_eq!(status(path, body.as_bytes()).await, 200, "{path} {body}");
        }
        for body in [
            "",
            "{",
            "{}",
            "null",
            "[]",
            "\"canary\"",
            "canary",
            &format!("{good} canary"),
            &format!("\u{feff}{good}"),
            &format!(r#"["{SESSION}","{TOKEN}"]"#),
            &format!(r#"{{"tokenId":"{TOKEN}"}}"#),
            &format!(r#"{{"sessionId":"{SESSION}"}}"#),
            &format!(r#"{{"sessionId":"","tokenId":"{TOKEN}"}}"#),
            &format!(
                r#"{{"sessionId":"{}","tokenId":"{TOKEN}"}}"#,
                "s".repeat(1025)
            ),
            &format!(r#"{{"sessionId":"a","sessionId":"b","tokenId":"{TOKEN}"}}"#),
            &format!(r#"{{"sessionId":["canary"],"tokenId":"{TOKEN}"}}"#),
            &format!(r#"{{"sessionId":"\ud800","tokenId":"{TOKEN}"}}"#),
            &format!(r#"{{"SESSIONID":"{SESSION}","TokenID":"{TOKEN}"}}"#),
            &format!(r#"{{"sessionId":"{SESSION}","tokenId":""}}"#),
            &format!(r#"{{"sessionId":"{SESSION}","tokenId":"canary"}}"#),
            &format!(r#"{{"sessionId":"{SESSION}","tokenId":null}}"#),
            &format!(r#"{{"sessionId":"{SESSION}","tokenId":5}}"#),
            &format!(
                r#"{{"sessionId":"{SESSION}","tokenId":"{}"}}"#,
                TOKEN.to_uppercase()
            ),
            &nested,
        ] {
            assert_eq!(status(path, body.as_bytes()).await, 400, "{path} {body}");
        }
        assert_eq!(
            status(path, b"{\"sessionId\":\"\xff\"}").await,
            400,
            "{path} UTF-8"
        );
    }
}

#[tokio::test]
async fn query_strings_mean_nothing_here() {
    let harness = Harness::start().await;
    let body = format!(r#"{{"sessionId":"{SESSION}","tokenId":"{TOKEN}"}}"#);
    let jwt = harness.application();
    assert_eq!(
        harness.post_as(&jwt, "/grant/set?x=1", &body).await.status,
        200
    );
}
