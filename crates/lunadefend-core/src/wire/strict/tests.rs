use super::*;
use crate::wire::{GrantVerified, GrantVerify, MetadataFound, Success, TokenRequest, Tokenize};
use proptest::prelude::*;

fn read(text: &str) -> Result<GrantVerify, StrictError> {
    from_slice(text.as_bytes(), REQUEST)
}

const OK: &str = r#"{"sessionId":"s","tokenId":"lunasec-0a1b2c3d-1111-4222-8333-444455556666"}"#;

#[test]
fn one_object_and_nothing_else() {
    assert!(read(OK).is_ok());
    assert!(read(&format!(" {OK}\r\n")).is_ok());
    let array = r#"["s","lunasec-0a1b2c3d-1111-4222-8333-444455556666"]"#;
    for bad in [
        "",
        "null",
        "1",
        "\"x\"",
        array,
        "{",
        &format!("{OK}x"),
        &format!("\u{feff}{OK}"),
    ] {
        assert!(
            matches!(read(bad), Err(StrictError::Malformed { .. })),
            "{bad}"
        );
    }
    let mut invalid = OK.as_bytes().to_vec();
    invalid[15] = 0xff;
    assert_eq!(
        from_slice::<GrantVerify>(&invalid, REQUEST).err(),
        Some(StrictError::NotUtf8)
    );
}

#[test]
fn duplicates_are_refused_also_where_nobody_looks() {
    for bad in [
        OK.replace("{\"s", "{\"sessionId\":\"t\",\"s"),
        OK.replace("{\"s", "{\"x\":{\"a\":1,\"a\":2},\"s"),
        OK.replace("{\"s", "{\"x\":1,\"\\u0078\":2,\"s"),
    ] {
        assert!(
            matches!(read(&bad), Err(StrictError::Malformed { .. })),
            "{bad}"
        );
    }
}

/// A few names are compared in another way than many.
#[test]
fn duplicates_are_refused_among_any_number_of_members() {
    for count in 1..40 {
        // The ids are there, and the name of each object within is that of one around it.
        let members = |twice: Option<String>| -> String {
            let twice = twice.map(|name| format!(r#""{name}":{{}},"#));
            let inner = |index: usize| format!(r#""m{index}":{{"m{index}":0}},"#);
            let members = (0..count).map(inner).chain(twice).collect::<String>();
            OK.replacen('{', &format!("{{{members}"), 1)
        };
        assert!(read(&members(None)).is_ok(), "{count}");
        for index in 0..count {
            // The same name may be written in another way.
            for name in [format!("m{index}"), format!("\\u006d{index}")] {
                let read = read(&members(Some(name)));
                assert!(
                    matches!(read, Err(StrictError::Malformed { .. })),
                    "{index} of {count}"
                );
            }
        }
    }
}

#[test]
fn bounds() {
    let nested = |depth: usize| {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        read(&OK.replace("{\"s", &format!("{{\"x\":{open}{close},\"s")))
    };
    assert!(nested(32).is_ok());
    for depth in [33, 10_000] {
        assert_eq!(nested(depth).err(), Some(StrictError::TooDeep(33)));
    }
    let long = OK.replace(
        "{\"s",
        &format!("{{\"x\":\"{}\",\"s", "y".repeat(64 * 1024)),
    );
    assert_eq!(read(&long).err(), Some(StrictError::TooLarge(65536)));
}

#[test]
fn errors_name_the_member_and_echo_nothing() {
    assert_eq!(
        read("{\"sessionId\":\"s\"}").err(),
        Some(StrictError::Missing("tokenId"))
    );
    let error = read(r#"{"sessionId":"s","tokenId":"4111"}"#).unwrap_err();
    assert!(!format!("{error:?} {error}").contains("4111"));
}

/// Metadata of the greatest depth fits into a request and into a response.
#[test]
fn metadata_of_every_depth_travels_both_ways() {
    let nested = |depth: usize| {
        let (open, close) = ("{\"x\":".repeat(depth - 1), "}".repeat(depth - 1));
        format!("{open}{{}}{close}")
    };
    let deepest = nested(usize::from(Metadata::MAX_DEPTH));
    let request = format!(r#"{{"metadata":{deepest}}}"#);
    let request = from_slice::<Tokenize>(request.as_bytes(), REQUEST).unwrap();
    assert_eq!(request.metadata.unwrap().as_json(), deepest);
    let answer = format!(r#"{{"success":true,"error":{{}},"data":{{"metadata":{deepest}}}}}"#);
    let answer = from_slice::<Success<MetadataFound>>(answer.as_bytes(), RESPONSE).unwrap();
    assert_eq!(answer.0.metadata.as_json(), deepest);
    assert!(Metadata::from_json(&nested(33)).is_err());
}

#[test]
fn what_is_wrong_with_a_member_is_said_in_words() {
    let tokenize = |text: &str| {
        let error = from_slice::<Tokenize>(text.as_bytes(), REQUEST).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("canary"));
        error.to_string()
    };
    let long = format!(r#"{{"metadata":{{"canary":"{}"}}}}"#, "x".repeat(9_000));
    for text in [&long, r#"{"metadata":[]}"#, r#"{"metadata":"canary"}"#] {
        assert_eq!(tokenize(text), metadata::RULE);
    }
    for half in [
        r"\ud83d",
        r"\ud83dx",
        r"\ud83d\n",
        r"\ud83d\ud83d",
        r"\udc00",
    ] {
        let error = tokenize(&format!(r#"{{"metadata":{{"name":"canary{half}"}}}}"#));
        assert!(
            error.contains("cut in the middle of a character"),
            "{half}: {error}"
        );
    }
    for token in [
        "\"canary\"",
        "1",
        "null",
        "[]",
        "\"\"",
        "\"lunasec-canary\"",
    ] {
        let text = format!(r#"{{"tokenId":{token}}}"#);
        let error = from_slice::<TokenRequest>(text.as_bytes(), REQUEST).unwrap_err();
        assert_eq!(error, StrictError::Refused(token_id::RULE), "{token}");
    }
    for session in ["\"\"", "1", "{}"] {
        let error = read(&OK.replace("\"s\"", session)).unwrap_err();
        assert_eq!(error, StrictError::Refused(session_id::RULE), "{session}");
    }
}

#[test]
fn only_a_success_with_an_object_is_a_yes() {
    for body in [
        r#"{"success":true,"error":{},"data":[true]}"#,
        r#"[true,{},{"valid":true}]"#,
        r#"{"success":true,"error":{},"data":{"valid":"true"}}"#,
        r#"{"success":true,"error":{},"data":{"valid":1}}"#,
        r#"{"success":true,"error":{},"data":{}}"#,
        r#"{"success":true,"error":{},"data":null}"#,
        r#"{"success":true,"error":{}}"#,
        r#"{"success":"true","error":{},"data":{"valid":true}}"#,
        r#"{"error":{},"data":{"valid":true}}"#,
        r#"{"success":false,"error":{},"data":{"valid":true}}"#,
        r#"{"success":true,"data":{"valid":true,"valid":true}}"#,
    ] {
        assert!(
            from_slice::<Success<GrantVerified>>(body.as_bytes(), RESPONSE).is_err(),
            "{body}"
        );
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes: Vec<u8>) {
        let _ = from_slice::<GrantVerify>(&bytes, REQUEST);
    }

    #[test]
    fn no_json_panics_or_echoes(text in r#"[{\[]("canary":(1|"canary"|null|\[\]|\{\}),?){0,4}[}\]]"#) {
        if let Err(error) = read(&text) {
            let shown = format!("{error} {error:?}");
            prop_assert!(!shown.contains("canary"));
        }
    }
}
