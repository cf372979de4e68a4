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

/// A text of pieces that are JSON, or nearly: escapes, numbers of all kinds, signs that are missing or twice.
fn nearly_json() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        "-?[0-9]{1,20}(\\.[0-9]{0,2})?([eE][+-]?[0-9]{0,3})?",
        "\"[a-c\\\\u\"é\u{1}]{0,3}\"",
        "\"[a-c]{0,2}\"",
        "true|false|null|nul|truee|",
    ];
    let text = scalar.prop_recursive(5, 40, 4, |inner| {
        let name = prop_oneof![4 => "\"[a-c]{1,2}\"", 1 => "[\"a\\\\]{0,3}"];
        let colon = prop_oneof![9 => Just(":"), 1 => Just(" :\t"), 1 => Just("")];
        let comma = prop_oneof![9 => Just(","), 1 => Just("\n, "), 1 => Just(",,")];
        let member = (name, colon, inner.clone())
            .prop_map(|(name, colon, value)| format!("{name}{colon}{value}"));
        prop_oneof![
            (prop::collection::vec(member, 0..4), comma.clone())
                .prop_map(|(members, comma)| format!("{{{}}}", members.join(comma))),
            (prop::collection::vec(inner, 0..4), comma)
                .prop_map(|(items, comma)| format!("[{}]", items.join(comma))),
        ]
    });
    ("[ \r]{0,1}", text, "[ }]{0,1}").prop_map(|(before, text, after)| before + &text + &after)
}

const SHALLOW: Limits = Limits {
    bytes: 1024,
    depth: 3,
};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    /// What the quick walk lets pass, the walk by serde does.
    #[test]
    fn nothing_passes_as_plain_that_is_not_well_formed(text in nearly_json()) {
        if plain::is_plain_object(&text, SHALLOW.depth) {
            prop_assert_eq!(check_shape(&text, SHALLOW), Ok(()), "{}", text);
        }
    }
}

#[test]
fn the_usual_text_is_plain_and_all_else_is_looked_at_closely() {
    let is_plain = |text: &str| plain::is_plain_object(text, 3);
    for plain in [
        "{}",
        " { \"a\" : [ 0 , 12, true,false,null ,\"\u{e9}\"], \"b\":{\"a\":{}} }\n",
        r#"{"success":true,"error":{},"data":{"n":999999999999999999}}"#,
    ] {
        assert!(is_plain(plain), "{plain}");
    }
    for not in [
        "",
        "[]",
        "1",
        "{}{}",
        "{} x",
        "{\"a\":1,}",
        "{\"a\":1 \"b\":2}",
        "{\"a\" 1}",
        "{\"a\":01}",
        "{\"a\":-1}",
        "{\"a\":1.5}",
        "{\"a\":1e999}",
        "{\"a\":9999999999999999999}",
        "{\"a\":[1,]}",
        "{\"a\":\"\n\"}",
        "{\"a\":\"\\ud800\"}",
        "{\"a\":1,\"a\":2}",
        "{\"a\":1,\"\\u0061\":2}",
        "{\"a\":{\"b\":{\"c\":[]}}}",
        "\u{feff}{}",
    ] {
        assert!(!is_plain(not), "{not}");
    }
    // Of more members than are compared one by one.
    let members: Vec<_> = (0..17).map(|n| format!("\"m{n}\":1")).collect();
    assert!(is_plain(&format!("{{{}}}", members[..16].join(","))));
    assert!(!is_plain(&format!("{{{}}}", members.join(","))));
}
