//! `go-tokenizer/grant_set` and `grant_verify` against our tokenizer.

use crate::peer::{OTHER_SESSION, Peer, SESSION, Who, message};
use std::time::Duration;

const GRANTED: &str = r#"{"success":true,"error":{},"data":{}}"#;
const VALID: &str = r#"{"success":true,"error":{},"data":{"valid":true}}"#;
const INVALID: &str = r#"{"success":true,"error":{},"data":{"valid":false}}"#;

const PARSE: &str =
    "Grant duration parse failed, please use a supported duration format like 30m or 1h20m10s";
const LONG: &str = "Grant duration set longer than configured maximum time";
const SHORT: &str = "Grant duration must be at least 1s";

fn pair(session: &str, token: &str) -> String {
    format!(r#"{{"sessionId":"{session}","tokenId":"{token}"}}"#)
}

/// `customDuration` as JSON, the original's status, and our refusal. Where the original says 200 and
/// we refuse, its grant had expired before it was made.
const DURATIONS: &[(&str, u16, Option<&str>)] = &[
    (r#""15m""#, 200, None),
    (r#""1h""#, 200, None),
    (r#""60m""#, 200, None),
    (r#""1h0m0s""#, 200, None),
    (r#""1.5m""#, 200, None),
    (r#"".5m""#, 200, None),
    (r#""+5m""#, 200, None),
    (r#""""#, 200, None),
    ("null", 200, None),
    (r#""1d""#, 500, Some(PARSE)),
    (r#""15M""#, 500, Some(PARSE)),
    (r#""5""#, 500, Some(PARSE)),
    (r#""5 m""#, 500, Some(PARSE)),
    (r#"" 15m""#, 500, Some(PARSE)),
    (r#""m""#, 500, Some(PARSE)),
    (r#""\u0661m""#, 500, Some(PARSE)),
    (r#""garbage""#, 500, Some(PARSE)),
    (r#""1h-5m""#, 500, Some(PARSE)),
    (r#""9999999999h""#, 500, Some(PARSE)),
    (r#""1h0m1s""#, 500, Some(LONG)),
    (r#""1h0m0.000000001s""#, 500, Some(LONG)),
    (r#""2562047h47m16.854775807s""#, 500, Some(LONG)),
    (r#""0""#, 200, Some(SHORT)),
    (r#""0s""#, 200, Some(SHORT)),
    (r#""1ns""#, 200, Some(SHORT)),
    ("\"1\u{b5}s\"", 200, Some(SHORT)),
    (r#""-5m""#, 200, Some(SHORT)),
    (r#""-2562047h47m16.854775808s""#, 200, Some(SHORT)),
];

#[tokio::test]
async fn durations() {
    let peer = Peer::start().await;
    for (number, (duration, theirs, refusal)) in DURATIONS.iter().enumerate() {
        let token = format!("lunasec-{number:08x}-2222-4222-8222-222222222222");
        let pair = pair(SESSION, &token);
        let body = pair.replace('}', &format!(r#","customDuration":{duration}}}"#));
        let set = peer.post(Who::Application, "/grant/set", &body).await;
        let granted = match refusal {
            None => {
                assert_eq!((set.status(), set.text()), (*theirs, GRANTED), "{duration}");
                VALID
            }
            Some(refusal) => {
                assert_eq!(
                    (set.status(), message(&set).as_str()),
                    (400, *refusal),
                    "{duration}"
                );
                INVALID
            }
        };
        let verify = peer.post(Who::Application, "/grant/verify", &pair).await;
        assert_eq!(verify.text(), granted, "{duration}");
        assert_eq!(verify.header("lunasec-session-hash"), "");
    }
    let number = r#"{"sessionId":"s","tokenId":"lunasec-11111111-1111-4111-8111-111111111111","customDuration":5}"#;
    let answer = peer.post(Who::Application, "/grant/set", number).await;
    assert_eq!(answer.status(), 400, "400 from the original too");
}

const TOKEN: &str = "lunasec-44444440-4444-4444-8444-444444444444";

#[tokio::test]
async fn verify_as_it_was_recorded() {
    let peer = Peer::start().await;
    let verify = async |who: Who, session: &str, token: &str| {
        let answer = peer.post(who, "/grant/verify", &pair(session, token)).await;
        (answer.status(), answer.text().to_owned())
    };
    let set = async |token: &str, duration: &str| {
        let body = format!(r#"{{"sessionId":"{SESSION}","tokenId":"{token}"{duration}}}"#);
        peer.post(Who::Application, "/grant/set", &body)
            .await
            .status()
    };
    let app = Who::Application;
    let says = |text: &str| (200, text.to_owned());

    // not_granted, granted, other_session, other_token, unknown_fields
    assert_eq!(verify(app, SESSION, TOKEN).await, says(INVALID));
    assert_eq!(set(TOKEN, "").await, 200);
    assert_eq!(verify(app, SESSION, TOKEN).await, says(VALID));
    assert_eq!(verify(app, OTHER_SESSION, TOKEN).await, says(INVALID));
    let other = "lunasec-44444441-4444-4444-8444-444444444444";
    assert_eq!(verify(app, SESSION, other).await, says(INVALID));
    let more = pair(SESSION, TOKEN).replace('}', r#","x":1}"#);
    let answer = peer.post(app, "/grant/verify", &more).await;
    assert_eq!(answer.text(), VALID);

    // after_negative_overwrite: the original takes a grant back so; ours refuses and keeps it.
    assert_eq!(set(TOKEN, r#","customDuration":"-5m""#).await, 400);
    assert_eq!(verify(app, SESSION, TOKEN).await, says(VALID));
    // after_regrant
    assert_eq!(set(TOKEN, r#","customDuration":"15m""#).await, 200);
    assert_eq!(verify(app, SESSION, TOKEN).await, says(VALID));
    // 1s_at_once, 1s_after_2s: at the second, not a part of one earlier
    let short = "lunasec-44444442-4444-4444-8444-444444444444";
    assert_eq!(set(short, r#","customDuration":"1s""#).await, 200);
    assert_eq!(verify(app, SESSION, short).await, says(VALID));
    peer.world.clock.advance(Duration::from_millis(999));
    assert_eq!(verify(app, SESSION, short).await, says(VALID));
    peer.world.clock.advance(Duration::from_millis(1));
    assert_eq!(verify(app, SESSION, short).await, says(INVALID));

    // no_auth, sub_user: 401 there too, as text
    for who in [Who::Nobody, Who::User(SESSION), Who::Developer] {
        assert_eq!(verify(who, SESSION, TOKEN).await.0, 401);
    }
    // concat_ambiguity, token_case: never the grant of another pair, nor even a token
    assert_eq!(set("lunasec-xyz", "").await, 400);
    assert_eq!(verify(app, "sess-Aluna", "sec-xyz").await.0, 400);
    assert_eq!(verify(app, SESSION, &TOKEN.to_uppercase()).await.0, 400);
}

/// The case, the body, and the original's statuses on `/grant/set` and `/grant/verify`. Ours is 400 for
/// the first group and 200 for the second.
const BAD_BODIES: &[(&str, &str, u16)] = &[
    ("empty_body", "", 400),
    ("malformed_json", r#"{"sessionId":"#, 400),
    ("not_json", "hello", 400),
    ("json_array", "[]", 400),
    ("json_string", "\"x\"", 400),
    (
        "html_in_type_error",
        r#"{"sessionId":["<b>&"],"tokenId":"t"}"#,
        400,
    ),
    (
        "token_number",
        r#"{"sessionId":"5d3c1f0e","tokenId":5}"#,
        400,
    ),
    (
        "leading_bom",
        "\u{feff}{\"sessionId\":\"s\",\"tokenId\":\"lunasec-11111111-1111-4111-8111-111111111111\"}",
        400,
    ),
    (
        "trailing_data",
        r#"{"sessionId":"s","tokenId":"lunasec-11111111-1111-4111-8111-111111111111"} x"#,
        400,
    ),
    // Grants of nothing, to nobody, or to somebody else than it seems.
    ("empty_object", "{}", 200),
    ("json_null", "null", 200),
    (
        "session_missing",
        r#"{"tokenId":"lunasec-11111111-1111-4111-8111-111111111111"}"#,
        200,
    ),
    ("token_missing", r#"{"sessionId":"5d3c1f0e"}"#, 200),
    (
        "token_empty",
        r#"{"sessionId":"5d3c1f0e","tokenId":""}"#,
        200,
    ),
    (
        "token_null",
        r#"{"sessionId":"5d3c1f0e","tokenId":null}"#,
        200,
    ),
    (
        "token_not_lunasec",
        r#"{"sessionId":"5d3c1f0e","tokenId":"hello"}"#,
        200,
    ),
    (
        "duplicate_keys",
        r#"{"sessionId":"a","sessionId":"5d3c1f0e","tokenId":"lunasec-11111111-1111-4111-8111-111111111111"}"#,
        200,
    ),
    (
        "key_case",
        r#"{"SESSIONID":"5d3c1f0e","TokenID":"lunasec-11111111-1111-4111-8111-111111111111"}"#,
        200,
    ),
    (
        "lone_surrogate",
        r#"{"sessionId":"\ud800","tokenId":"t"}"#,
        200,
    ),
];

const GOOD_BODIES: &[(&str, &str)] = &[
    (
        "ok_default",
        r#"{"sessionId":"5d3c1f0e-8a52-4a30-9f7e-0d5b6c2f1a11","tokenId":"lunasec-11111111-1111-4111-8111-111111111111"}"#,
    ),
    (
        "trailing_whitespace",
        "{\"sessionId\": \"5d3c1f0e\", \"tokenId\": \"lunasec-11111111-1111-4111-8111-111111111111\"} \n\t",
    ),
    (
        "unknown_fields",
        r#"{"sessionId":"5d3c1f0e","tokenId":"lunasec-11111111-1111-4111-8111-111111111111","extra":1,"more":{"a":[1]}}"#,
    ),
    (
        "nul_escape",
        r#"{"sessionId":"a\u0000b","tokenId":"lunasec-11111111-1111-4111-8111-111111111111"}"#,
    ),
];

#[tokio::test]
async fn bodies() {
    let peer = Peer::start().await;
    for path in ["/grant/set", "/grant/verify"] {
        for (case, body, theirs) in BAD_BODIES {
            let answer = peer.post(Who::Application, path, body).await;
            assert_eq!(answer.status(), 400, "{case}, from the original {theirs}");
            assert!(!message(&answer).contains("<b>"), "{case}");
        }
        for (case, body) in GOOD_BODIES {
            let answer = peer.post(Who::Application, path, body).await;
            assert_eq!(answer.status(), 200, "{case}");
        }
    }
    let json = "Content-Type: application/json\r\n";
    let utf8 =
        b"{\"sessionId\":\"\xff\",\"tokenId\":\"lunasec-11111111-1111-4111-8111-111111111111\"}";
    let nested = format!("{{\"x\":{}{}}}", "[".repeat(20_000), "]".repeat(20_000));
    let ten_megabytes = format!(r#"{{"sessionId":"{}"}}"#, "A".repeat(10 << 20));
    for (case, body, status) in [
        ("invalid_utf8", utf8.as_slice(), 400),
        ("deep_nesting", nested.as_bytes(), 400),
        (
            "body_10mb_session_id",
            &ten_megabytes.as_bytes()[..100 << 10],
            413,
        ),
    ] {
        let answer = peer
            .send(Who::Application, "POST /grant/set", json, body)
            .await;
        assert_eq!(answer.status(), status, "{case}");
    }
}
