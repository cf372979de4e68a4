//! What our SDK sends at level 1, with raw session ids: `node-sdk/grants_requests.json`.

use crate::{APPLICATION, HEADER, T1, T2};
use lunadefend::{
    ErrorKind, GrantDuration, JwtProfile, LunaDefend, SessionId, UntrustedToken, VerifiedToken,
};
use lunadefend_tests::{
    Act, Stub, TestClock, decode,
    http1::{Message, json},
    provider, signing_key,
};
use std::collections::BTreeSet;

enum Call {
    Create(&'static [&'static str], Option<&'static str>),
    Verify(&'static [&'static str]),
}
use Call::{Create, Verify};

struct Case {
    name: &'static str,
    call: Call,
    session: &'static str,
    /// The bodies, in any order: requests of one call overlap.
    bodies: &'static [&'static str],
}

const CREATE_T1: &str =
    r#"{"sessionId":"session-abc","tokenId":"lunasec-0a1b2c3d-1111-4222-8333-444455556666"}"#;
const CREATE_T2: &str =
    r#"{"sessionId":"session-abc","tokenId":"lunasec-99999999-AAAA-4bbb-8CCC-ddddEEEE0000"}"#;

const CASES: &[Case] = &[
    Case {
        name: "create",
        call: Create(&[T1], None),
        session: "session-abc",
        bodies: &[CREATE_T1],
    },
    Case {
        name: "create_custom_duration",
        call: Create(&[T1], Some("15m")),
        session: "session-abc",
        bodies: &[
            r#"{"sessionId":"session-abc","tokenId":"lunasec-0a1b2c3d-1111-4222-8333-444455556666","customDuration":"15m"}"#,
        ],
    },
    Case {
        name: "create_array2",
        call: Create(&[T1, T2], None),
        session: "session-abc",
        bodies: &[CREATE_T1, CREATE_T2],
    },
    Case {
        name: "create_array2_duration",
        call: Create(&[T1, T2], Some("1h10m30s")),
        session: "session-abc",
        bodies: &[
            r#"{"sessionId":"session-abc","tokenId":"lunasec-0a1b2c3d-1111-4222-8333-444455556666","customDuration":"1h10m30s"}"#,
            r#"{"sessionId":"session-abc","tokenId":"lunasec-99999999-AAAA-4bbb-8CCC-ddddEEEE0000","customDuration":"1h10m30s"}"#,
        ],
    },
    Case {
        name: "create_array0",
        call: Create(&[], None),
        session: "session-abc",
        bodies: &[],
    },
    Case {
        // The original asks twice.
        name: "create_array_duplicates",
        call: Create(&[T1, T1], None),
        session: "session-abc",
        bodies: &[CREATE_T1],
    },
    Case {
        name: "verify",
        call: Verify(&[T1]),
        session: "session-abc",
        bodies: &[CREATE_T1],
    },
    Case {
        name: "verify_array2",
        call: Verify(&[T1, T2]),
        session: "session-abc",
        bodies: &[CREATE_T1, CREATE_T2],
    },
    Case {
        name: "verify_array0",
        call: Verify(&[]),
        session: "session-abc",
        bodies: &[],
    },
    Case {
        // The line separator stands as it is, as from JavaScript.
        name: "create_session_unicode",
        call: Create(&[T1], None),
        session: "s\u{e9}\"\u{2028}\u{1f600}",
        bodies: &[
            "{\"sessionId\":\"s\u{e9}\\\"\u{2028}\u{1f600}\",\"tokenId\":\"lunasec-0a1b2c3d-1111-4222-8333-444455556666\"}",
        ],
    },
];

async fn luna(url: &str) -> LunaDefend {
    LunaDefend::builder(url)
        .signing_key(provider(signing_key()))
        .wire(JwtProfile::LunaSec)
        .raw_session_ids()
        .clock(TestClock::new())
        .build()
        .await
        .unwrap()
}

async fn tokenizer() -> Stub {
    Stub::start(|_, request| {
        let data = match request.path().ends_with("/grant/verify") {
            true => r#"{"success":true,"error":{},"data":{"valid":true}}"#,
            false => r#"{"success":true,"error":{},"data":{}}"#,
        };
        Act::Send(json(200, data))
    })
    .await
}

#[track_caller]
fn assert_is_the_originals(request: &Message, path: &str) {
    assert_eq!(request.start, format!("POST {path} HTTP/1.1"));
    assert_eq!(request.header("content-type"), "application/json");
    assert_eq!(
        request.header("content-length"),
        request.body.len().to_string()
    );
    // Raw: the original tokenizer refuses `Bearer `.
    let jwt = decode(request.header("authorization"));
    assert_eq!(jwt.header, HEADER);
    assert_eq!(jwt.claims, APPLICATION);
    assert!(jwt.is_signed_by(signing_key().key.public_key()));
    for foreign in ["cookie", "origin", "referer", "accept-encoding"] {
        assert_eq!(request.header(foreign), "", "{foreign}");
    }
}

#[tokio::test]
async fn bodies_and_jwts_are_the_originals() {
    let stub = tokenizer().await;
    let luna = luna(&stub.url()).await;
    for case in CASES {
        let session = SessionId::new(case.session).unwrap();
        let before = stub.requests().len();
        let path = match &case.call {
            Create(tokens, duration) => {
                let tokens: Vec<VerifiedToken> = tokens
                    .iter()
                    .map(|token| VerifiedToken::assertion(token).unwrap())
                    .collect();
                let duration = duration.map(|text| text.parse::<GrantDuration>().unwrap());
                luna.grants()
                    .grant(&session, tokens, duration)
                    .await
                    .unwrap();
                "/grant/set"
            }
            Verify(tokens) => {
                let tokens: Vec<UntrustedToken> =
                    tokens.iter().map(|token| token.parse().unwrap()).collect();
                luna.grants().verify(&session, tokens).await.unwrap();
                "/grant/verify"
            }
        };
        let requests = stub.requests().split_off(before);
        for request in &requests {
            assert_is_the_originals(request, path);
        }
        let sent: BTreeSet<&str> = requests.iter().map(Message::text).collect();
        assert_eq!(sent, case.bodies.iter().copied().collect(), "{}", case.name);
        assert_eq!(requests.len(), case.bodies.len(), "{}", case.name);
    }
}

/// The original sends the good tokens of a list before it refuses, and takes "" for none.
#[tokio::test]
async fn what_is_no_token_never_gets_as_far_as_a_request() {
    for text in [
        "nope",
        "",
        "not-a-token",
        "lunasec-0a1b2c3d-1111-4222-8333-44445555666",
        "null",
        "42",
    ] {
        let error = UntrustedToken::parse(text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadToken, "{text}");
        assert_eq!((error.name(), error.code().as_str()), ("badToken", "400"));
        assert!(VerifiedToken::assertion(text).is_err(), "{text}");
    }
    let error = SessionId::new("").unwrap_err();
    assert_eq!(error.name(), "sessionError");
}

#[tokio::test]
async fn paths_of_the_base_url_are_kept() {
    let stub = tokenizer().await;
    let session = SessionId::new("s").unwrap();
    // The original sends the second to `/prod//grant/verify`, and the last to `//grant/verify`.
    for (path, expected) in [
        ("/prod", "/prod/grant/verify"),
        ("/prod/", "/prod/grant/verify"),
        ("", "/grant/verify"),
        ("/", "/grant/verify"),
    ] {
        let luna = luna(&format!("{}{path}", stub.url())).await;
        let token: UntrustedToken = T1.parse().unwrap();
        luna.grants().verify(&session, token).await.unwrap();
        let request = stub.requests().pop().unwrap();
        assert_is_the_originals(&request, expected);
        let body = format!(r#"{{"sessionId":"s","tokenId":"{T1}"}}"#);
        assert_eq!(request.text(), body);
    }
    // And this one to `/prod?x=1/grant/verify`, and without a URL to port 80 of the machine.
    for url in [format!("{}/prod?x=1", stub.url()), String::new()] {
        let builder = LunaDefend::builder(url).signing_key(provider(signing_key()));
        let error = builder.build().await.unwrap_err();
        assert!(error.to_string().contains("tokenizer_url"), "{error}");
    }
}
