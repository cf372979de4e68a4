use super::*;
use bytes::Bytes;

const ORIGIN: &str = "https://tokenizer.example.com";
const GOOD: &str = r#"{"level":2,"origin":"https://tokenizer.example.com","max_items":50,"max_value":1,"features":["x","batches"]}"#;

fn answer(status: u16, media_type: &'static str, body: &str) -> Result<Response, HttpError> {
    let media_type = HeaderValue::from_static(media_type);
    Ok(Response {
        status: StatusCode::from_u16(status).unwrap(),
        headers: HeaderMap::from_iter([(header::CONTENT_TYPE, media_type)]),
        body: Bytes::copy_from_slice(body.as_bytes()),
    })
}

fn of(body: &str) -> Level {
    read(answer(200, "application/json", body), ORIGIN).unwrap_or_else(|_| panic!("{body}"))
}

fn two(max_items: usize) -> Level {
    let max_items = NonZeroUsize::new(max_items).unwrap();
    Level::Two { max_items }
}

#[test]
fn a_document_of_this_tokenizer_is_level_2() {
    assert_eq!(of(GOOD), two(50));
    assert_eq!(
        of(&GOOD.replace(":2", ":3")),
        two(50),
        "a later level has it too"
    );
    // No more than this client sends at most.
    for number in ["100", "101", "18446744073709551615"] {
        assert_eq!(of(&GOOD.replace("50", number)), two(100), "{number}");
    }
    assert_eq!(of(&GOOD.replace("50", "1")), two(1));
}

#[test]
fn whatever_says_less_is_level_1() {
    for (from, to) in [
        ("\"level\":2", "\"level\":1"),
        ("\"level\":2", "\"level\":0"),
        ("\"level\":2", "\"level\":\"2\""),
        ("\"level\":2", "\"level\":2,\"level\":2"),
        ("\"level\":2,", ""),
        ("tokenizer.example.com", "evil.example.com"),
        ("tokenizer.example.com", "tokenizer.example.com/"),
        ("https", "http"),
        ("\"max_items\":50", "\"max_items\":0"),
        ("\"max_items\":50", "\"max_items\":-1"),
        ("\"max_items\":50", "\"max_items\":1e3"),
        ("\"max_items\":50", "\"max_items\":99999999999999999999"),
        ("batches", "Batches"),
        ("[\"x\",\"batches\"]", "[]"),
        ("[\"x\",\"batches\"]", "\"batches\""),
    ] {
        assert!(GOOD.contains(from));
        let body = GOOD.replacen(from, to, 1);
        assert_eq!(of(&body), Level::One, "{body}");
    }
    for body in ["", "[]", "null", "<html>", "{}", &format!("{GOOD}{GOOD}")] {
        assert_eq!(of(body), Level::One, "{body}");
    }
    for outcome in [
        answer(200, "text/html", GOOD),
        answer(201, "application/json", GOOD),
        answer(302, "application/json", GOOD),
        answer(401, "application/json", GOOD),
        answer(404, "application/json", GOOD),
    ] {
        let shown = format!("{outcome:?}");
        assert!(matches!(read(outcome, ORIGIN), Ok(Level::One)), "{shown}");
    }
}

#[test]
fn a_failure_says_nothing() {
    for outcome in [
        answer(429, "application/json", GOOD),
        answer(500, "application/json", GOOD),
        answer(503, "application/json", GOOD),
        Err(HttpError::Timeout),
        Err(HttpError::Connect {
            source: "refused".into(),
        }),
    ] {
        let shown = format!("{outcome:?}");
        assert!(matches!(read(outcome, ORIGIN), Err(Unavailable)), "{shown}");
    }
}
